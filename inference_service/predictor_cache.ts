/** Models that are open, so that only the first drawing for a model waits for its file. */
import { type ModelRecord, recordVersion } from "../protocol/mod.ts";
import type { OpenPredictor } from "./stored_predictor.ts";

const DEFAULT_CAPACITY = 16;

interface Entry {
  /** The record as it was when the model was opened, or an equal one that came later. */
  record: ModelRecord;
  version: string;
  predictor: ReturnType<OpenPredictor>;
  /** Settles when the last drawing that was handed in is answered. */
  idle: Promise<unknown>;
}

/** Keeps the models used last. A record that changed in any way is opened anew. */
export class PredictorCache {
  /** By id, the one used last at the end. */
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly open: OpenPredictor, private readonly capacity = DEFAULT_CAPACITY) {}

  /**
   * Ten probabilities for a drawing of 784 bytes (ink 255 on paper 0). Drawings for one model are answered one after the
   * other. Throws what opening the model threw; it is tried again the next time.
   */
  predict(record: ModelRecord, pixels: Uint8Array): Promise<Float32Array> {
    const entry = this.#use(record);
    const answer = entry.idle.then(async () => (await entry.predictor).predict(pixels));
    entry.idle = answer.catch(() => {});
    return answer;
  }

  /** Closes the models that are not among `records` as they are now. */
  retain(records: readonly ModelRecord[]) {
    for (const [id, entry] of this.#entries) {
      // Mostly nothing has changed, and looking for the very object takes microseconds among ten thousand.
      if (records.includes(entry.record)) continue;
      const record = records.find((record) => record.id === id);
      if (record === undefined || recordVersion(record) !== entry.version) this.#drop(id);
      else entry.record = record;
    }
  }

  close() {
    for (const id of [...this.#entries.keys()]) this.#drop(id);
  }

  #use(record: ModelRecord): Entry {
    const known = this.#entries.get(record.id);
    const version = known?.record === record ? known.version : recordVersion(record);
    if (known?.version === version) {
      this.#entries.delete(record.id);
      this.#entries.set(record.id, known);
      return known;
    }
    this.#drop(record.id);
    for (const id of this.#entries.keys()) {
      if (this.#entries.size < this.capacity) break;
      this.#drop(id);
    }
    const predictor = this.open(record);
    const entry: Entry = { record, version, predictor, idle: Promise.resolve() };
    this.#entries.set(record.id, entry);
    predictor.catch(() => {
      if (this.#entries.get(record.id) === entry) this.#entries.delete(record.id);
    });
    return entry;
  }

  /** Forgets a model and closes it when the drawings already handed in are answered. */
  #drop(id: string) {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    entry.idle.then(async () => (await entry.predictor).close()).catch(() => {});
  }
}
