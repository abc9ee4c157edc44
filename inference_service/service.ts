import { EventLoopDelay } from "../service/event_loop_delay.ts";
import { log } from "../service/log.ts";
import type { Settings } from "../service/settings.ts";
import { createInferenceApp } from "./app.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { servingThreads } from "./serving_threads.ts";
import { openStored } from "./stored_predictor.ts";
import { openRegistry } from "../service/files/open_registry.ts";

/** Models that stay open, and large drawings that may wait, over all threads. */
const OPEN_MODELS = 16, WAITING_DRAWINGS = 16;

function shareOf(all: number, threads: number): number {
  return Math.max(2, Math.ceil(all / threads));
}

/** All that answers requests on one thread. */
export interface InferenceService {
  fetch(request: Request, info?: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response>;
  close(): void;
}

/** @throws {RegistryError} when the models' folder or their metadata cannot be read */
export async function openInferenceService(settings: Settings): Promise<InferenceService> {
  const store = await openRegistry(settings.modelsDir, {
    onCreated: (folder) => log.warn("created the models folder, which was not there", { MODELS_DIR: folder }),
  });
  // Metadata that cannot be read ends the start with a word, instead of every request.
  await store.list();
  const strangers = await store.describeStrangers();
  if (strangers !== undefined) log.warn(strangers);
  const device = settings.device === "auto" ? "wasm" : settings.device, threads = servingThreads(settings);
  const predictors = new PredictorCache(openStored(store, device), shareOf(OPEN_MODELS, threads));
  const drawings = new DrawingReader({ maxWaiting: shareOf(WAITING_DRAWINGS, threads) });
  const delay = new EventLoopDelay();
  const health = {
    checks: {
      // One who only reads is content with a folder that is gone: it may come back, but no model can be had meanwhile.
      models_folder: () => store.checkReadable(),
      models: () => store.describeStrangers(),
    },
    figures: async () => ({ models: (await store.list()).length }),
    delay,
  };
  const app = createInferenceApp({ settings, store, predictors, drawings, health });
  return {
    fetch: (request, info) => app.fetch(request, info),
    close() {
      delay.close();
      predictors.close();
      drawings.close();
    },
  };
}
