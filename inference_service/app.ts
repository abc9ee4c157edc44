/** The routes of the inference service. */
import type { Hono } from "hono";
import { MAX_PREDICT_BYTES } from "../protocol/mod.ts";
import { createServiceApp, serviceUrl } from "../service/app.ts";
import type { HealthOptions } from "../service/health.ts";
import { addModelRoutes, type ModelFiles } from "../service/model_routes.ts";
import type { Settings } from "../service/settings.ts";
import { answerPrediction, type PredictDeps } from "./predict.ts";
import { limitsOf, readBody } from "./read_body.ts";
import { servingThreads } from "./serving_threads.ts";

export interface InferenceDeps extends PredictDeps {
  health?: HealthOptions;
  settings: Settings;
  store: ModelFiles;
}

/** The drawing page, `POST /predict`, `/api/models` and the files of each model. */
export function createInferenceApp({ settings, store, predictors, drawings, health }: InferenceDeps): Hono {
  const app = createServiceApp(settings, "inference", health);

  const limits = limitsOf(servingThreads(settings), MAX_PREDICT_BYTES);
  app.post("/predict", async (c) => {
    const body = await readBody(c.req.raw, MAX_PREDICT_BYTES, limits);
    const trainingUrl = serviceUrl(c.req.raw, settings.trainingPort);
    return c.json(await answerPrediction({ store, predictors, drawings }, body, trainingUrl));
  });

  addModelRoutes(app, store);

  return app;
}
