/** The routes of the training service. */
import type { Hono } from "hono";
import { createServiceApp } from "../service/http/app.ts";
import { clientAddress } from "../service/http/request.ts";
import { addDatasetRoutes, addDigitRoutes, TestDigits } from "../service/http/dataset_routes.ts";
import type { HealthOptions } from "../service/http/health.ts";
import { addModelRoutes, type ModelFiles } from "../service/http/model_routes.ts";
import type { Settings } from "../service/process/settings.ts";
import type { SocketGroup } from "../service/http/websocket.ts";
import { addRunRoutes, addTrainedModelRoutes, type ModelRouteParts } from "./routes.ts";
import { TRAINING_OPERATIONS } from "./operations.ts";
import type { RunArchive } from "../lab/runs/run_archive.ts";
import { serveRunSocket, serveTrainSocket } from "./sockets/run_sockets.ts";
import type { Runs } from "../lab/runs/runs.ts";

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
