/** Keeps stored models open in this page: each is opened once, asked in order, and closed when it is not needed. */
import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";

/** Runs tasks one after the other, in the order in which they were added. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as `task` does, which begins once all earlier ones have settled. */
  run<R>(task: () => Promise<R>): Promise<R> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Models that are open, by the version of their record: a record that changed in any way is opened again. */
export class ModelPool<M extends { close(): void }> {
  readonly #open: (record: ModelRecord) => Promise<M>;
  readonly #members = new Map<string, Member<M>>();

  constructor(open: (record: ModelRecord) => Promise<M>) {
    this.#open = open;
  }

  /** Number of models that are open or being opened. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether `record` is open and can answer without delay. */
  isReady(record: ModelRecord): boolean {
    return this.#members.get(recordVersion(record))?.isReady === true;
  }

  /** Begins to open `record`, unless it is open or being opened. */
  prepare(record: ModelRecord): void {
    this.#member(record);
  }

  /**
   * Asks a model, after the questions that it was asked before. Rejects when it cannot be opened or `question` fails; it
   * is then closed, and opened again the next time.
   */
  async ask<R>(record: ModelRecord, question: (model: M) => Promise<R>): Promise<R> {
    const member = this.#member(record);
    try {
      return await member.ask(question);
    } catch (error) {
      this.#remove(recordVersion(record), member);
      throw error;
    }
  }

  /** Closes all models but those of `records`, each as soon as it has answered what it was asked. */
  retain(records: readonly ModelRecord[]): void {
    const versions = new Set(records.map(recordVersion));
    for (const [version, member] of this.#members) {
      if (!versions.has(version)) this.#remove(version, member);
    }
  }

  /** Closes the model of `record` as soon as it has answered what it was asked. */
  release(record: ModelRecord): void {
    const version = recordVersion(record), member = this.#members.get(version);
    if (member !== undefined) this.#remove(version, member);
  }

  #member(record: ModelRecord): Member<M> {
    const version = recordVersion(record);
    let member = this.#members.get(version);
    if (member === undefined) {
      const opened = member = new Member(this.#open(record), () => this.#remove(version, opened));
      this.#members.set(version, member);
    }
    return member;
  }

  #remove(version: string, member: Member<M>): void {
    if (this.#members.get(version) === member) this.#members.delete(version);
    member.release();
  }
}

/** One model of a pool. */
class Member<M extends { close(): void }> {
  readonly #model: Promise<M>;
  readonly #queue = new TaskQueue();
  #opened: M | undefined;
  #unanswered = 0;
  #isReleased = false;

  constructor(model: Promise<M>, failed: () => void) {
    this.#model = model;
    model.then((opened) => {
      this.#opened = opened;
      this.#closeWhenDone();
    }, failed);
  }

  get isReady(): boolean {
    return this.#opened !== undefined;
  }

  async ask<R>(question: (model: M) => Promise<R>): Promise<R> {
    this.#unanswered++;
    try {
      return await this.#queue.run(async () => question(await this.#model));
    } finally {
      this.#unanswered--;
      this.#closeWhenDone();
    }
  }

  release(): void {
    this.#isReleased = true;
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (!this.#isReleased || this.#unanswered > 0) return;
    this.#opened?.close();
    this.#opened = undefined;
  }
}
