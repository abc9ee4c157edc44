/** The routes of the training service. */
import type { Context, Hono } from "hono";
import type { ModelAnalyst } from "../lab/analysis/model_analyst.ts";
import { ImportError } from "../lab/imports/import_thread.ts";
import { MAX_IMPORT_BYTES, type ModelImporter } from "../lab/imports/model_importer.ts";
import { DuplicateError, type Registry, RegistryError } from "../lab/models/mod.ts";
import { curveSvg, historyCsv } from "../lab/runs/history_exports.ts";
import type { RunArchive } from "../lab/runs/run_archive.ts";
import type { Runs } from "../lab/runs/runs.ts";
import { type HistoryMessage, MAX_HELD_IMPORT_BYTES, quote } from "../protocol/mod.ts";
import { createServiceApp } from "../service/http/app.ts";
import { addDatasetRoutes, addDigitRoutes, TestDigits } from "../service/http/dataset_routes.ts";
import { fieldOf, HttpError } from "../service/http/errors.ts";
import type { HealthOptions } from "../service/http/health.ts";
import { addModelRoutes, type ModelFiles } from "../service/http/model_routes.ts";
import { type BodyLimits, clientAddress, pathId, refuseLarger, withBody } from "../service/http/request.ts";
import type { SocketGroup } from "../service/http/websocket.ts";
import type { Settings } from "../service/process/settings.ts";
import { TRAINING_OPERATIONS } from "./operations.ts";
import { type KnownRuns, serveRunSocket, serveTrainSocket } from "./sockets/run_sockets.ts";

/** Everything that the routes depend on. */
export interface TrainingAppOptions {
  settings: Settings;
  registry: ModelFiles & ModelRouteParts["registry"];
  importer: ModelRouteParts["importer"];
  analyst: ModelRouteParts["analyst"];
  runs: Runs;
  archive: Pick<RunArchive, "list" | "find">;
  sockets: SocketGroup;
  health?: HealthOptions;
}

/** Serves the page, `/api/models`, `/api/digits`, `/api/runs`, and the sockets `/ws/train` and `/ws/runs/{id}`. */
export function createTrainingApp(options: TrainingAppOptions): Hono {
  const { settings, registry, importer, analyst, runs, archive, sockets, health } = options;
  const app = createServiceApp(settings, "training", health, TRAINING_OPERATIONS);

  addModelRoutes(app, registry);
  addTrainedModelRoutes(app, { registry, importer, analyst });
  addDigitRoutes(app, new TestDigits(settings.dataDir));
  addDatasetRoutes(app, settings.dataDir);

  addRunRoutes(app, { runs, archive });

  app.get("/ws/train", (c) => {
    const client = clientAddress(c);
    const { socket, response } = sockets.upgrade(c.req.raw, client);
    serveTrainSocket(socket, runs, client);
    return response;
  });
  app.get("/ws/runs/:id", (c) => {
    const client = clientAddress(c);
    const { socket, response } = sockets.upgrade(c.req.raw, client);
    serveRunSocket(socket, { runs, archive }, c.req.param("id"), client);
    return response;
  });
  return app;
}

/** Everything that these routes depend on. */
export interface ModelRouteParts {
  registry: Pick<Registry, "get" | "remove">;
  importer: Pick<ModelImporter, "import">;
  analyst: Pick<ModelAnalyst, "analyse">;
}

/** Limits of a request that imports a model. */
export const IMPORT_LIMITS: BodyLimits = {
  maxBytes: MAX_IMPORT_BYTES,
  deadlineMs: 120_000,
  heldBytes: Math.max(MAX_HELD_IMPORT_BYTES, 2 * MAX_IMPORT_BYTES),
  heldBytesPerClient: Math.max(MAX_HELD_IMPORT_BYTES / 2, MAX_IMPORT_BYTES),
};

/**
 * Adds `POST /api/models` (imports a `.pth` or a `.safetensors`: 201 with the record), `DELETE /api/models/{id}` (204),
 * and `GET /api/models/{id}/analysis`, whose first request takes as long as the model needs for the test digits.
 */
function addTrainedModelRoutes(app: Hono, { registry, importer, analyst }: ModelRouteParts): void {
  app.post("/api/models", async (c) => {
    const request = c.req.raw;
    refuseLarger(request, IMPORT_LIMITS);
    try {
      const contentType = request.headers.get("content-type") ?? "";
      const query = Object.fromEntries(new URL(request.url).searchParams);
      const client = clientAddress(c);
      const record = await withBody(
        request,
        IMPORT_LIMITS,
        client,
        (body) => importer.import({ body, contentType, query }, client),
      );
      return c.json(record, 201, { Location: `/api/models/${encodeURIComponent(record.id)}` });
    } catch (error) {
      if (error instanceof ImportError) throw new HttpError(400, error.message, fieldOf(error));
      if (error instanceof DuplicateError) throw conflict(error);
      throw error;
    }
  });
  app.delete("/api/models/:id", async (c) => {
    const id = pathId(c, "model");
    if (!await registry.remove(id)) throw new HttpError(404, `There is no model ${quote(id)}.`);
    return c.body(null, 204);
  });
  app.get("/api/models/:id/analysis", async (c) => {
    const id = pathId(c, "model");
    const record = await registry.get(id);
    if (record === undefined) throw new HttpError(404, `There is no model ${quote(id)}.`);
    try {
      return c.json(await analyst.analyse(record, clientAddress(c)), 200, { "Cache-Control": "no-cache" });
    } catch (error) {
      if (error instanceof RegistryError) throw new HttpError(409, error.message);
      throw error;
    }
  });
}

function conflict({ existing }: DuplicateError): HttpError {
  return new HttpError(
    409,
    `A model of this configuration is stored already: ${existing.id}. Send overwrite=true to replace it, or say how this ` +
      "one was trained otherwise (optimizer, learning_rate, batch_size, num_epochs).",
    { existing },
  );
}

/**
 * Adds `GET /api/runs` (newest first, including those from before a restart), `/api/runs/{id}` (its history), and the
 * history as files: `…/history.csv` and `…/curve.svg`. The curve used to be a PNG, whose address redirects there.
 */
function addRunRoutes(app: Hono, { runs, archive }: KnownRuns): void {
  app.get("/api/runs", async (c) => {
    const present = runs.list(clientAddress(c));
    const ids = new Set(present.map(({ id }) => id));
    // Unreadable metadata hides earlier runs, but not those of this process.
    const past = await archive.list().catch((error) => {
      if (error instanceof RegistryError) return [];
      throw error;
    });
    return c.json([...present, ...past.filter(({ id }) => !ids.has(id))]);
  });
  app.get("/api/runs/:id", async (c) => c.json(await find(c)));
  app.get("/api/runs/:id/history.csv", async (c) => {
    const history = await find(c);
    return file(c, historyCsv(history), "text/csv; charset=utf-8", `${history.run.id}.csv`);
  });
  app.get("/api/runs/:id/curve.svg", async (c) => {
    const history = await find(c);
    return file(c, curveSvg(history), "image/svg+xml", `${history.run.id}.svg`, "inline");
  });
  app.get("/api/runs/:id/curve.png", (c) => c.redirect("curve.svg", 308));

  async function find(c: Context): Promise<HistoryMessage> {
    const id = pathId(c, "run");
    const history = runs.get(id)?.history ?? await archive.find(id);
    if (history === undefined) throw new HttpError(404, `There is no run ${quote(id)}.`);
    return history;
  }
}

function file(
  c: Context,
  body: string,
  type: string,
  name: string,
  disposition = "attachment",
): Response {
  return c.body(body, 200, {
    "Content-Type": type,
    "Cache-Control": "no-cache",
    // An id from another program's file may contain characters that a header cannot.
    "Content-Disposition": `${disposition}; filename="${name.replaceAll(/[^\w.-]/g, "_")}"`,
  });
}
