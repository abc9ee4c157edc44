import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";
import type { OpenModel, OpenModelOf } from "./local_engine.ts";

/** Models that stay open; each takes one to a few MB. */
const STAY_OPEN = 8;

/**
 * Asks one model after the other. The first few stay open for the next drawing; those behind them are opened, asked and
 * closed, so that any number of models needs the memory of a few.
 */
export class SeveralModels {
  readonly #open = new Map<string, OpenModel>();
  /** Settles when what was asked so far is answered. */
  #idle: Promise<unknown> = Promise.resolve();

  constructor(private readonly open: OpenModelOf, private readonly stayOpen = STAY_OPEN) {}

  /** Ten probabilities, in digit order, or what went wrong with this model. */
  ask(record: ModelRecord, pixels: Uint8Array): Promise<Float32Array> {
    const answer = this.#idle.then(() => this.#ask(record, pixels));
    this.#idle = answer.catch(() => {});
    return answer;
  }

  async #ask(record: ModelRecord, pixels: Uint8Array): Promise<Float32Array> {
    const version = recordVersion(record);
    const model = this.#open.get(version) ?? await this.open(record);
    this.#open.delete(version);
    try {
      const probabilities = await model.predict(pixels);
      if (!probabilities.every(Number.isFinite)) throw new Error("the model answers with numbers that are not finite");
      if (this.#open.size < this.stayOpen) this.#open.set(version, model);
      return probabilities;
    } finally {
      if (this.#open.get(version) !== model) model.close();
    }
  }

  /** Closes what is not among `records` any more, or changed. */
  retain(records: readonly ModelRecord[]): void {
    const versions = new Set(records.map(recordVersion));
    for (const [version, model] of this.#open) {
      if (versions.has(version)) continue;
      this.#open.delete(version);
      model.close();
    }
  }
}
