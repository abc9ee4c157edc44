import { Registry } from "../registry/mod.ts";
import type { Settings } from "../service/settings.ts";
import { createInferenceApp } from "./app.ts";
import { DrawingReader } from "./drawing_reader.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { openStored } from "./stored_predictor.ts";

/** All that answers requests on one thread. */
export interface InferenceService {
  fetch(request: Request): Response | Promise<Response>;
  close(): void;
}

/** @throws {RegistryError} when the models' folder or their metadata cannot be read */
export async function openInferenceService(settings: Settings): Promise<InferenceService> {
  const store = await Registry.open(settings.modelsDir);
  // Metadata that cannot be read ends the start with a word, instead of every request.
  await store.list();
  const predictors = new PredictorCache(openStored(store, settings.device === "auto" ? "wasm" : settings.device));
  const drawings = new DrawingReader();
  const app = createInferenceApp({ settings, store, predictors, drawings });
  return {
    fetch: (request) => app.fetch(request),
    close() {
      predictors.close();
      drawings.close();
    },
  };
}
