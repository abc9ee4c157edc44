import type { Hono } from "hono";
import { MAX_PREDICT_BYTES } from "../protocol/mod.ts";
import { createServiceApp } from "../service/http/app.ts";
import { addDatasetRoutes, addDigitRoutes, TestDigits } from "../service/http/dataset_routes.ts";
import { EventLoopDelay, type HealthOptions } from "../service/http/health.ts";
import type { RequestHandler } from "../service/http/server/http_server.ts";
import { ListenerState } from "../service/http/server/listener_state.ts";
import { serviceUrl } from "../service/process/addresses.ts";
import { log } from "../service/process/log.ts";
import { addModelRoutes, type ModelFiles } from "../service/http/model_routes.ts";
import type { Settings } from "../service/process/settings.ts";
import { openRegistry } from "../service/files/open_registry.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { INFERENCE_OPERATIONS } from "./operations.ts";
import { answerPrediction, type PredictDeps } from "./predict.ts";
import { openStored, PredictorCache } from "./predictor_cache.ts";
import { type BodyLimits, clientAddress, withText } from "../service/http/request.ts";

/** Limits over all threads: open models, waiting large drawings, and bytes of bodies being received. */
const OPEN_MODELS = 16, WAITING_DRAWINGS = 16, HELD_BYTES = 256 * 1024 * 1024;
const BODY_DEADLINE_MS = 60_000;

/** Whether several threads may listen on one address. Only Linux distributes connections evenly. */
export const canShareAddress = Deno.build.os === "linux";

/** How many threads answer requests, including the main thread. */
export function servingThreads({ threads }: Pick<Settings, "threads">): number {
  return canShareAddress ? threads : 1;
}

/** Everything needed to answer requests on one thread. */
export interface InferenceService {
  fetch: RequestHandler;
  /** State in which the server records whether it can accept connections. */
  listener: ListenerState;
  close(): void;
}

/**
 * Opens the models folder and everything that answers from it.
 *
 * @throws {RegistryError} when the models folder or its metadata cannot be read
 */
export async function openInferenceService(settings: Settings): Promise<InferenceService> {
  const store = await openRegistry(settings.modelsDir, {
    onCreated: (folder) => log.warn("created the models folder, which was not there", { MODELS_DIR: folder }),
  });
  // If the metadata is unreadable, fail at the start with one message instead of failing every request.
  await store.list();
  const strangers = await store.describeStrangers();
  if (strangers !== undefined) log.warn(strangers);
  const device = settings.device === "auto" ? "wasm" : settings.device, threads = servingThreads(settings);
  const predictors = new PredictorCache(openStored(store, device), shareOf(OPEN_MODELS, threads));
  const drawings = new DrawingReader({ maxWaiting: shareOf(WAITING_DRAWINGS, threads) });
  const delay = new EventLoopDelay(), listener = new ListenerState();
  const health = {
    checks: {
      // A missing folder is not an error for a read-only service, but no model is available until it is back.
      models_folder: () => store.checkReadable(),
      models: () => store.describeStrangers(),
    },
    figures: async () => ({ models: (await store.list()).length }),
    delay,
    listener,
  };
  const app = createInferenceApp({ settings, store, predictors, drawings, health });
  return {
    fetch: (request, info) => app.fetch(request, info),
    listener,
    close() {
      delay.close();
      predictors.close();
      drawings.close();
    },
  };
}

/** Everything that the routes depend on. */
export interface InferenceDeps extends PredictDeps {
  health?: HealthOptions;
  settings: Settings;
  store: ModelFiles;
}

/** The drawing page, `POST /predict`, `/api/models` and the files of each model, `/api/digits`. */
export function createInferenceApp({ settings, store, predictors, drawings, health }: InferenceDeps): Hono {
  const app = createServiceApp(settings, "inference", health, INFERENCE_OPERATIONS);

  const limits = bodyLimits(servingThreads(settings));
  app.post("/predict", async (c) => {
    const trainingUrl = serviceUrl(c.req.raw, settings, "training");
    const answer = (body: string) => answerPrediction({ store, predictors, drawings }, body, trainingUrl);
    return c.json(await withText(c.req.raw, limits, clientAddress(c), answer));
  });

  addModelRoutes(app, store);
  addDigitRoutes(app, new TestDigits(settings.dataDir));
  addDatasetRoutes(app, settings.dataDir);

  return app;
}

function shareOf(all: number, threads: number): number {
  return Math.max(2, Math.ceil(all / threads));
}

/** Limits of one thread; each thread counts separately. One address may send one body of the largest size at once. */
function bodyLimits(threads: number): BodyLimits {
  const heldBytes = Math.max(2 * MAX_PREDICT_BYTES, Math.floor(HELD_BYTES / threads));
  return {
    maxBytes: MAX_PREDICT_BYTES,
    heldBytes,
    heldBytesPerClient: Math.max(MAX_PREDICT_BYTES, heldBytes / 4),
    deadlineMs: BODY_DEADLINE_MS,
  };
}
