import type { DeviceName } from "../core/backends/open.ts";
import { KeptOpen } from "../core/training/kept_open.ts";
import { openPredictor, type Predictor } from "../core/training/predictor.ts";
import { type Registry, RegistryError, specOf } from "../lab/models/mod.ts";
import { type ModelRecord, recordVersion } from "../protocol/mod.ts";

/** The parts of the registry that this service needs. */
export type ModelStore = Pick<Registry, "list" | "get" | "readWeights">;

/** Opens the model of a record. */
export type OpenPredictor = (record: ModelRecord) => Promise<Pick<Predictor, "predict" | "close">>;

/**
 * Thrown for a stored model that cannot answer: its file is missing, damaged or belongs to another model, or its
 * weights are not finite.
 */
export class UnusableModelError extends Error {
  override name = "UnusableModelError";
  constructor(reason: string) {
    super(`The stored model cannot be used: ${reason}. Train it again.`);
  }
}

/** Opens stored models on `device`; rejects with an `UnusableModelError` that says what is wrong with the file. */
export function openStored(store: Pick<ModelStore, "readWeights">, device: DeviceName): OpenPredictor {
  return async (record) => {
    const weights = await store.readWeights(record).catch((error) => {
      throw error instanceof RegistryError ? new UnusableModelError(error.message) : error;
    });
    return await openPredictor(specOf(record), weights, { device });
  };
}

const DEFAULT_CAPACITY = 16;

interface Entry {
  /** The record that the model was opened for, or an equal one read later. */
  record: ModelRecord;
  version: string;
  predictor: KeptOpen<Awaited<ReturnType<OpenPredictor>>>;
}

/** Keeps the most recently used models open. A model whose record changed in any way is opened again. */
export class PredictorCache {
  /** By id, with the most recently used model last. */
  readonly #entries = new Map<string, Entry>();
  readonly #open: OpenPredictor;
  readonly #capacity: number;

  /** @param capacity how many models may be open */
  constructor(open: OpenPredictor, capacity = DEFAULT_CAPACITY) {
    this.#open = open;
    this.#capacity = capacity;
  }

  /**
   * Ten probabilities for a drawing of 784 bytes (ink 255 on paper 0). Drawings for one model are answered in order.
   *
   * @throws what opening the model threw; the next call tries again
   */
  predict(record: ModelRecord, pixels: Uint8Array): Promise<Float32Array> {
    return this.#use(record).predictor.use((predictor) => predictor.predict(pixels));
  }

  /** Closes the models that are missing from `records` or have changed. */
  retain(records: readonly ModelRecord[]) {
    for (const [id, entry] of this.#entries) {
      // Usually nothing has changed, and finding the same object among ten thousand takes microseconds.
      if (records.includes(entry.record)) continue;
      const record = records.find((record) => record.id === id);
      if (record === undefined || recordVersion(record) !== entry.version) this.#drop(id);
      else entry.record = record;
    }
  }

  /** Closes every model once it has answered the drawings it was given. */
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
    const opening = this.#open(record);
    this.#drop(record.id);
    for (const id of this.#entries.keys()) {
      if (this.#entries.size < this.#capacity) break;
      this.#drop(id);
    }
    const entry: Entry = { record, version, predictor: new KeptOpen(opening) };
    this.#entries.set(record.id, entry);
    opening.catch(() => {
      if (this.#entries.get(record.id) === entry) this.#entries.delete(record.id);
    });
    return entry;
  }

  #drop(id: string) {
    this.#entries.get(id)?.predictor.close();
    this.#entries.delete(id);
  }
}
