/** Keeps stored models open in this page: each is opened once, asked in order, and closed when it is not needed. */
import { KeptOpen } from "../../../core/training/kept_open.ts";
import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";

/** Runs tasks one after the other, in the order in which they were added. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` once all earlier tasks have settled, and settles as it does. */
  run<R>(task: () => Promise<R>): Promise<R> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Open models, by the version of their record: if a record changes in any way, its model is opened again. */
export class ModelPool<M extends { close(): void }> {
  readonly #open: (record: ModelRecord) => Promise<M>;
  readonly #members = new Map<string, KeptOpen<M>>();

  constructor(open: (record: ModelRecord) => Promise<M>) {
    this.#open = open;
  }

  /** Number of models that are open or being opened. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether `record` is open and can answer without delay. */
  isReady(record: ModelRecord): boolean {
    return this.#members.get(recordVersion(record))?.isOpen === true;
  }

  /** Begins to open `record`, unless it is open or being opened. */
  prepare(record: ModelRecord): void {
    this.#member(record);
  }

  /**
   * Asks a model, once it has answered earlier questions. Rejects if it cannot be opened or `question` fails; the model
   * is then closed, and opened again the next time.
   */
  async ask<R>(record: ModelRecord, question: (model: M) => Promise<R>): Promise<R> {
    const member = this.#member(record);
    try {
      return await member.use(question);
    } catch (error) {
      this.#remove(recordVersion(record), member);
      throw error;
    }
  }

  /** Closes all models but those of `records`, each as soon as it has answered the questions it was asked. */
  retain(records: readonly ModelRecord[]): void {
    const versions = new Set(records.map(recordVersion));
    for (const [version, member] of this.#members) {
      if (!versions.has(version)) this.#remove(version, member);
    }
  }

  /** Closes the model of `record` as soon as it has answered the questions it was asked. */
  release(record: ModelRecord): void {
    const version = recordVersion(record), member = this.#members.get(version);
    if (member !== undefined) this.#remove(version, member);
  }

  #member(record: ModelRecord): KeptOpen<M> {
    const version = recordVersion(record);
    let member = this.#members.get(version);
    if (member === undefined) {
      const opening = this.#open(record), opened = member = new KeptOpen(opening);
      this.#members.set(version, opened);
      opening.catch(() => this.#remove(version, opened));
    }
    return member;
  }

  #remove(version: string, member: KeptOpen<M>): void {
    if (this.#members.get(version) === member) this.#members.delete(version);
    member.close();
  }
}
