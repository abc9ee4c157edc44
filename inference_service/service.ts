import type { Hono } from "hono";
import { Registry } from "../lab/models/mod.ts";
import { MAX_PREDICT_BYTES } from "../protocol/mod.ts";
import { createServiceApp, serviceUrl } from "../service/app.ts";
import { addDigitRoutes } from "../service/digit_routes.ts";
import { EventLoopDelay } from "../service/event_loop_delay.ts";
import type { HealthOptions } from "../service/health.ts";
import { log } from "../service/log.ts";
import { addModelRoutes, type ModelFiles } from "../service/model_routes.ts";
import type { Settings } from "../service/settings.ts";
import { TestDigits } from "../service/test_digits.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { INFERENCE_OPERATIONS } from "./operations.ts";
import { answerPrediction, type PredictDeps } from "./predict.ts";
import { openStored, PredictorCache } from "./predictor_cache.ts";
import { limitsOf, readBody } from "./read_body.ts";

/** Models that stay open, and large drawings that may wait, over all threads. */
const OPEN_MODELS = 16, WAITING_DRAWINGS = 16;

/** Whether several threads may listen on one address. Other systems than Linux do not distribute connections evenly. */
export const canShareAddress = Deno.build.os === "linux";

/** How many threads answer requests, the main one included. */
export function servingThreads({ threads }: Pick<Settings, "threads">): number {
  return canShareAddress ? threads : 1;
}

/** Everything that answers requests on one thread. */
export interface InferenceService {
  fetch(request: Request, info?: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response>;
  close(): void;
}

/**
 * Opens the models folder and what answers from it.
 *
 * @throws {RegistryError} when the models folder or its metadata cannot be read
 */
export async function openInferenceService(settings: Settings): Promise<InferenceService> {
  const store = await Registry.open(settings.modelsDir, {
    onCreated: (folder) => log.warn("created the models folder, which was not there", { MODELS_DIR: folder }),
  });
  // Unreadable metadata ends the start with one message instead of failing every request.
  await store.list();
  const strangers = await store.describeStrangers();
  if (strangers !== undefined) log.warn(strangers);
  const device = settings.device === "auto" ? "wasm" : settings.device, threads = servingThreads(settings);
  const predictors = new PredictorCache(openStored(store, device), shareOf(OPEN_MODELS, threads));
  const drawings = new DrawingReader({ maxWaiting: shareOf(WAITING_DRAWINGS, threads) });
  const delay = new EventLoopDelay();
  const health = {
    checks: {
      // A missing folder is not an error for a read-only service, but no model can be had until it is back.
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

/** What the routes are built on. */
export interface InferenceDeps extends PredictDeps {
  health?: HealthOptions;
  settings: Settings;
  store: ModelFiles;
}

/** The drawing page, `POST /predict`, `/api/models` and the files of each model, `/api/digits`. */
export function createInferenceApp({ settings, store, predictors, drawings, health }: InferenceDeps): Hono {
  const app = createServiceApp(settings, "inference", health, INFERENCE_OPERATIONS);

  const limits = limitsOf(servingThreads(settings), MAX_PREDICT_BYTES);
  app.post("/predict", async (c) => {
    const body = await readBody(c.req.raw, MAX_PREDICT_BYTES, limits);
    const trainingUrl = serviceUrl(c.req.raw, settings.trainingPort);
    return c.json(await answerPrediction({ store, predictors, drawings }, body, trainingUrl));
  });

  addModelRoutes(app, store);
  addDigitRoutes(app, new TestDigits(settings.dataDir));

  return app;
}

function shareOf(all: number, threads: number): number {
  return Math.max(2, Math.ceil(all / threads));
}
