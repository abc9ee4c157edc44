/** The routes of the inference service. */
import type { Hono } from "hono";
import { MAX_PREDICT_BYTES } from "../protocol/mod.ts";
import { RegistryError } from "../registry/mod.ts";
import { createServiceApp, HttpError, serviceUrl } from "../service/app.ts";
import { answerError } from "../service/errors.ts";
import type { Settings } from "../service/settings.ts";
import { answerPrediction, type PredictDeps } from "./predict.ts";
import { readBody } from "./read_body.ts";

export interface InferenceDeps extends PredictDeps {
  settings: Settings;
}

/** The drawing page, `POST /predict`, `GET /api/models` and `GET /api/models/{id}`. */
export function createInferenceApp({ settings, store, predictors }: InferenceDeps): Hono {
  const app = createServiceApp(settings, "inference", async () => ({ models: (await store.list()).length }));
  app.onError((error, c) => answerError(error instanceof RegistryError ? new HttpError(503, error.message) : error, c));

  app.post("/predict", async (c) => {
    const body = await readBody(c.req.raw, MAX_PREDICT_BYTES);
    return c.json(await answerPrediction({ store, predictors }, body, serviceUrl(c.req.raw, settings.trainingPort)));
  });

  app.get("/api/models", async (c) => c.json(await store.list()));

  app.get("/api/models/:id", async (c) => {
    const id = c.req.param("id");
    const record = await store.get(id);
    if (record === undefined) throw new HttpError(404, `There is no model "${id}".`);
    return c.json(record);
  });

  return app;
}
