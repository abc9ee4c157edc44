/** Entry point of the training service. */
import { Registry, RunCheckpoints } from "../registry/mod.ts";
import { runMain, serveService } from "../service/serve.ts";
import { readSettings, StartupError } from "../service/settings.ts";
import { SocketGroup } from "../service/websocket.ts";
import { ModelAnalyst } from "./analysis/model_analyst.ts";
import { createTrainingApp } from "./app.ts";
import { ModelImporter } from "./imports/model_importer.ts";
import { RunArchive } from "./runs/run_archive.ts";
import { Runs } from "./runs/runs.ts";
import { WorkerClient } from "./worker/worker_client.ts";

await runMain(async () => {
  const settings = readSettings();
  const registry = await Registry.open(settings.modelsDir, { write: true });
  const checkpoints = await RunCheckpoints.open(settings.modelsDir);
  // Metadata that cannot be read ends the start, before anything is trained that could not be stored.
  await registry.list();
  const worker = new WorkerClient(settings.dataDir);
  const trainImages = await worker.open().catch((error: Error) => {
    throw new StartupError(error.message);
  });
  const runs = new Runs({
    store: registry,
    checkpoints,
    worker,
    trainImages,
    device: settings.device,
    threads: settings.threads,
  });
  const importer = new ModelImporter({ store: registry, dataDir: settings.dataDir });
  const analyst = new ModelAnalyst({ store: registry, dataDir: settings.dataDir });
  const archive = new RunArchive({ store: registry, checkpoints });
  const sockets = new SocketGroup();
  const app = createTrainingApp({ settings, registry, importer, analyst, runs, archive, sockets });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    fetch: (request) => app.fetch(request),
    onShutdown: async () => {
      importer.close();
      analyst.close();
      await runs.close();
      sockets.closeAll(1001, "the service is shutting down");
    },
  });
});
