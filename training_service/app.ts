/** The routes of the training service. */
import type { Hono } from "hono";
import { createServiceApp, HttpError } from "../service/app.ts";
import { addModelRoutes, type ModelFiles } from "../service/model_routes.ts";
import type { Settings } from "../service/settings.ts";
import type { SocketGroup } from "../service/websocket.ts";
import { addModelChanges, type ModelChanges } from "./model_changes.ts";
import { serveRunSocket } from "./run_socket.ts";
import type { Runs } from "./runs.ts";
import { serveTrainSocket } from "./train_socket.ts";

export interface TrainingAppOptions {
  settings: Settings;
  registry: ModelFiles & ModelChanges["registry"];
  importer: ModelChanges["importer"];
  runs: Runs;
  sockets: SocketGroup;
}

/** The page, `/api/models`, `/api/runs`, and the sockets `/ws/train` and `/ws/runs/{id}`. */
export function createTrainingApp({ settings, registry, importer, runs, sockets }: TrainingAppOptions): Hono {
  const app = createServiceApp(settings, "training", () => ({ unfinished_runs: runs.unfinished }));

  addModelRoutes(app, registry);
  addModelChanges(app, { registry, importer });

  app.get("/api/runs", (c) => c.json(runs.list()));
  app.get("/api/runs/:id", (c) => {
    const id = c.req.param("id");
    return c.json(runs.get(id)?.history ?? missing(id));
  });

  app.get("/ws/train", (c) => {
    const { socket, response } = sockets.upgrade(c.req.raw);
    serveTrainSocket(socket, runs);
    return response;
  });
  app.get("/ws/runs/:id", (c) => {
    const { socket, response } = sockets.upgrade(c.req.raw);
    serveRunSocket(socket, runs, c.req.param("id"));
    return response;
  });
  return app;
}

function missing(id: string): never {
  throw new HttpError(404, `There is no run "${id}".`);
}
