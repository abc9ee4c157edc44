/** Runs stored models in the browser for the drawing page. */
import type { Attribution, Explainer } from "../../../core/training/attribution.ts";
import { TaskQueue } from "../../../core/task_queue.ts";
import { KeptOpen } from "../../../core/training/kept_open.ts";
import type { Predictor } from "../../../core/training/predictor.ts";
import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";

/** A stored model that is open in this page and answers drawings. */
export type OpenModel = Pick<Predictor, "device" | "predict" | "close">;

/** Opens a stored model; rejects when that is not possible. */
export type OpenModelOf = (record: ModelRecord) => Promise<OpenModel>;

/** Opens a stored model to explain its answers; rejects when that is not possible. */
export type OpenExplainerOf = (record: ModelRecord) => Promise<Pick<Explainer, "explain" | "close">>;

/** The answer to a drawing by a model in this page. */
export interface LocalAnswer {
  /** Ten, in digit order. */
  probabilities: Float32Array;
  /** The backend that computed them, such as `wasm`. */
  device: string;
}

/** Keeps the page's model open, so that a drawing waits only for the computation. */
export class LocalEngine {
  readonly #pool: ModelPool<OpenModel>;

  constructor(open: OpenModelOf) {
    this.#pool = new ModelPool(open);
  }

  /** Begins to load `record`, unless it is open or being loaded. Closes any other model. */
  prepare(record: ModelRecord): void {
    this.#pool.retain([record]);
    this.#pool.prepare(record);
  }

  /** Whether `record` is loaded. */
  isReady(record: ModelRecord): boolean {
    return this.#pool.isReady(record);
  }

  /**
   * The model's answer to 784 bytes, ink 255 on paper 0. Drawings are answered in order. Rejects when the model cannot
   * be loaded or does not work; it is loaded again the next time.
   */
  predict(record: ModelRecord, pixels: Uint8Array): Promise<LocalAnswer> {
    this.#pool.retain([record]);
    return this.#pool.ask(record, async (model) => {
      return { probabilities: await predictFinite(model, pixels), device: model.device };
    });
  }
}

/** Explains the answers of one model, which stays open from the first question until `rest`. */
export class AttributionEngine {
  readonly #pool: ModelPool<Pick<Explainer, "explain" | "close">>;

  constructor(open: OpenExplainerOf) {
    this.#pool = new ModelPool(open);
  }

  /** Why `record` gave `digit` the logit that it did, for a drawing of 784 bytes. Drawings are explained in order. */
  explain(record: ModelRecord, pixels: Uint8Array, digit: number): Promise<Attribution> {
    this.#pool.retain([record]);
    return this.#pool.ask(record, (explainer) => explainer.explain(pixels, digit));
  }

  /** Frees the memory until the next question. */
  rest(): void {
    this.#pool.retain([]);
  }
}

/** Number of models that stay open; each takes one to a few MB. */
const STAY_OPEN = 8;

/**
 * Asks one model after the other. The first few stay open for the next drawing; the others are opened, asked and
 * closed, so that any number of models needs only the memory of a few.
 */
export class SeveralModels {
  readonly #pool: ModelPool<OpenModel>;
  readonly #queue = new TaskQueue();
  readonly #stayOpen: number;

  constructor(open: OpenModelOf, stayOpen = STAY_OPEN) {
    this.#pool = new ModelPool(open);
    this.#stayOpen = stayOpen;
  }

  /** Ten probabilities, in digit order. Rejects with what is wrong with this model. */
  ask(record: ModelRecord, pixels: Uint8Array): Promise<Float32Array> {
    return this.#queue.run(async () => {
      const probabilities = await this.#pool.ask(record, (model) => predictFinite(model, pixels));
      if (this.#pool.size > this.#stayOpen) this.#pool.release(record);
      return probabilities;
    });
  }

  /** Closes models that are no longer among `records` or have changed. */
  retain(records: readonly ModelRecord[]): void {
    this.#pool.retain(records);
  }
}

/** @throws {Error} when the model answers with NaN or infinity. */
async function predictFinite(model: OpenModel, pixels: Uint8Array): Promise<Float32Array> {
  const probabilities = await model.predict(pixels);
  if (!probabilities.every(Number.isFinite)) throw new Error("the model answers with numbers that are not finite");
  return probabilities;
}

/** Keeps stored models open in this page: each is opened once, asked in order, and closed when it is not needed. */

/** Open models, by the version of their record: if a record changes in any way, its model is opened again. */
class ModelPool<M extends { close(): void }> {
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
