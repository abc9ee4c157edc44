/** Starts the inference service: `deno run inference_service/main.ts`, configured by environment variables. */
import { Registry } from "../registry/mod.ts";
import { runMain, serveService } from "../service/serve.ts";
import { readSettings } from "../service/settings.ts";
import { createInferenceApp } from "./app.ts";
import { DrawingReader } from "./drawing_reader.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { openStored } from "./stored_predictor.ts";

await runMain(async () => {
  const settings = readSettings();
  const store = await Registry.open(settings.modelsDir);
  // Metadata that cannot be read ends the start with a word, instead of every request.
  await store.list();
  const predictors = new PredictorCache(openStored(store, settings.device === "auto" ? "wasm" : settings.device));
  const drawings = new DrawingReader();
  const app = createInferenceApp({ settings, store, predictors, drawings });
  await serveService({
    name: "inference service",
    settings,
    port: settings.inferencePort,
    fetch: (request) => app.fetch(request),
    onShutdown() {
      predictors.close();
      drawings.close();
    },
  });
});
