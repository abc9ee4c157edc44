/** From a stored record to a model that answers. */
import type { DeviceName } from "../core/backends/open.ts";
import { openPredictor, type Predictor } from "../core/training/predictor.ts";
import type { ModelRecord } from "../protocol/mod.ts";
import { type Registry, RegistryError, specOf } from "../lab/models/mod.ts";

/** What this service needs of the registry. */
export type ModelStore = Pick<Registry, "list" | "get" | "readWeights">;

export type OpenPredictor = (record: ModelRecord) => Promise<Pick<Predictor, "predict" | "close">>;

/** A stored model that cannot answer: its file is gone, broken or another model's, or its weights are no numbers. */
export class UnusableModelError extends Error {
  override name = "UnusableModelError";
  constructor(reason: string) {
    super(`The stored model cannot be used: ${reason}. Train it again.`);
  }
}

/** Opens stored models on `device`; throws an `UnusableModelError` that says what is wrong with the file. */
export function openStored(store: Pick<ModelStore, "readWeights">, device: DeviceName): OpenPredictor {
  return async (record) => {
    const weights = await store.readWeights(record).catch((error) => {
      throw error instanceof RegistryError ? new UnusableModelError(error.message) : error;
    });
    return await openPredictor(specOf(record), weights, { device });
  };
}
