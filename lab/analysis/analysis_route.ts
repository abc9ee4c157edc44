import type { Hono } from "hono";
import type { Registry } from "../models/mod.ts";
import { HttpError } from "../../service/http/errors.ts";
import type { ModelAnalyst } from "./model_analyst.ts";

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
