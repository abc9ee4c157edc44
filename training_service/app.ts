/** The routes of the training service. */
import type { Hono } from "hono";
import { createServiceApp } from "../service/app.ts";
import type { HealthOptions } from "../service/health.ts";
import { addModelRoutes, type ModelFiles } from "../service/model_routes.ts";
import type { Settings } from "../service/settings.ts";
import type { SocketGroup } from "../service/websocket.ts";
import { addModelChanges, type ModelChanges } from "./model_changes.ts";
import type { RunArchive } from "./runs/run_archive.ts";
import { addRunRoutes } from "./run_routes.ts";
import { serveRunSocket } from "./sockets/run_socket.ts";
import type { Runs } from "./runs/runs.ts";
import { serveTrainSocket } from "./sockets/train_socket.ts";

export interface TrainingAppOptions {
  settings: Settings;
  registry: ModelFiles & ModelChanges["registry"];
  importer: ModelChanges["importer"];
  runs: Runs;
  archive: Pick<RunArchive, "list" | "find">;
  sockets: SocketGroup;
  health?: HealthOptions;
}

/** The page, `/api/models`, `/api/runs`, and the sockets `/ws/train` and `/ws/runs/{id}`. */
export function createTrainingApp(options: TrainingAppOptions): Hono {
  const { settings, registry, importer, runs, archive, sockets, health } = options;
  const app = createServiceApp(settings, "training", health);

  addModelRoutes(app, registry);
  addModelChanges(app, { registry, importer });

  addRunRoutes(app, { runs, archive });

  app.get("/ws/train", (c) => {
    const { socket, response } = sockets.upgrade(c.req.raw);
    serveTrainSocket(socket, runs);
    return response;
  });
  app.get("/ws/runs/:id", (c) => {
    const { socket, response } = sockets.upgrade(c.req.raw);
    serveRunSocket(socket, { runs, archive }, c.req.param("id"));
    return response;
  });
  return app;
}
