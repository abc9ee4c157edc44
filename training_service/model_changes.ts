/** The requests that change which models are stored. */
import type { Hono } from "hono";
import { quote } from "../protocol/mod.ts";
import type { Registry } from "../lab/models/mod.ts";
import { HttpError } from "../service/http/errors.ts";
import { pathId } from "../service/http/request.ts";
import type { ModelImporter } from "../lab/imports/model_importer.ts";

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
