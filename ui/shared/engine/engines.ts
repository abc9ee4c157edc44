/** Runs stored models in the browser for the drawing page. */
import type { Attribution, Explainer } from "../../../core/training/attribution.ts";
import type { Predictor } from "../../../core/training/predictor.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { ModelPool, TaskQueue } from "./model_pool.ts";

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
