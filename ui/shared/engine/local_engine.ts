import type { Predictor } from "../../../core/training/predictor.ts";
import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";

/** A stored model that is open in this page. */
export type OpenModel = Pick<Predictor, "device" | "predict" | "close">;
export type OpenModelOf = (record: ModelRecord) => Promise<OpenModel>;

export interface LocalAnswer {
  /** Ten, in digit order. */
  probabilities: Float32Array;
  /** The backend that computed them, such as `wasm`. */
  device: string;
}

interface Loaded {
  /** The record as it was when the model was opened. */
  version: string;
  model: Promise<OpenModel>;
  isReady: boolean;
  /** Settles when the last drawing that was handed in is answered. */
  idle: Promise<unknown>;
}

/**
 * Keeps the one model that the page is about open, so that a drawing waits for nothing but the arithmetic. One
 * whose record changed in any way is opened anew.
 */
export class LocalEngine {
  #loaded: Loaded | undefined;

  constructor(private readonly open: OpenModelOf) {}

  /** Begins to load `record`, unless it is the one that is here or on its way. */
  prepare(record: ModelRecord): void {
    this.#use(record);
  }

  isReady(record: ModelRecord): boolean {
    return this.#loaded?.version === recordVersion(record) && this.#loaded.isReady;
  }

  /**
   * The model's answer to 784 bytes, ink 255 on paper 0. Drawings are answered in order. Rejects when the model cannot be
   * loaded or does not work; it is then loaded anew the next time.
   */
  predict(record: ModelRecord, pixels: Uint8Array): Promise<LocalAnswer> {
    const loaded = this.#use(record);
    const answer = loaded.idle.then(async () => {
      const model = await loaded.model;
      const probabilities = await model.predict(pixels);
      if (!probabilities.every(Number.isFinite)) throw new Error("the model answers with numbers that are not finite");
      return { probabilities, device: model.device };
    });
    loaded.idle = answer.catch(() => this.#forget(loaded));
    return answer;
  }

  #use(record: ModelRecord): Loaded {
    const version = recordVersion(record);
    if (this.#loaded?.version === version) return this.#loaded;
    if (this.#loaded !== undefined) this.#forget(this.#loaded);
    const model = this.open(record);
    const loaded: Loaded = { version, model, isReady: false, idle: Promise.resolve() };
    this.#loaded = loaded;
    model.then(() => loaded.isReady = true, () => this.#forget(loaded));
    return loaded;
  }

  /** Closes a model as soon as the drawings already handed in are answered. */
  #forget(loaded: Loaded): void {
    if (this.#loaded === loaded) this.#loaded = undefined;
    loaded.idle.then(async () => (await loaded.model).close()).catch(() => {});
  }
}
