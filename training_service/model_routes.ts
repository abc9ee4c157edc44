/** The requests that change which models are stored. */
import type { Hono } from "hono";
import { quote } from "../protocol/mod.ts";
import type { Registry } from "../lab/models/mod.ts";
import { HttpError } from "../service/errors.ts";
import { pathId } from "../service/path_id.ts";
import type { ModelImporter } from "../lab/imports/model_importer.ts";
import type { ModelAnalyst } from "../lab/analysis/model_analyst.ts";

export interface ModelChanges {
  registry: Pick<Registry, "remove">;
  importer: Pick<ModelImporter, "bringIn">;
}

/**
 * Adds `POST /api/models` (brings a `.pth` or a `.safetensors` in: 201 with the record) and `DELETE /api/models/{id}` (204, or
 * 404 where there is no such model).
 */
export function addModelChanges(app: Hono, { registry, importer }: ModelChanges): void {
  app.post("/api/models", async (c) => {
    const record = await importer.bringIn(c.req.raw);
    return c.json(record, 201, { Location: `/api/models/${encodeURIComponent(record.id)}` });
  });
  app.delete("/api/models/:id", async (c) => {
    const id = pathId(c, "model");
    if (!await registry.remove(id)) throw new HttpError(404, `There is no model ${quote(id)}.`);
    return c.body(null, 204);
  });
}

export interface AnalysisDeps {
  registry: Pick<Registry, "get">;
  analyst: Pick<ModelAnalyst, "analyse">;
}

/**
 * Adds `GET /api/models/{id}/analysis`: what the model says to each test digit. The first time takes as long as the model
 * needs for them.
 */
export function addAnalysisRoute(app: Hono, { registry, analyst }: AnalysisDeps): void {
  app.get("/api/models/:id/analysis", async (c) => {
    const id = c.req.param("id");
    const record = await registry.get(id);
    if (record === undefined) throw new HttpError(404, `There is no model "${id}".`);
    return c.json(await analyst.analyse(record), 200, { "Cache-Control": "no-cache" });
  });
}
