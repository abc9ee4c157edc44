/** The training service, put together: registry, worker, runs, routes and sockets. */
import { Registry, RunCheckpoints } from "../registry/mod.ts";
import { serveService } from "../service/serve.ts";
import { type Settings, StartupError } from "../service/settings.ts";
import { SocketGroup } from "../service/websocket.ts";
import { createTrainingApp } from "./app.ts";
import { ModelImporter } from "./imports/model_importer.ts";
import { RunArchive } from "./runs/run_archive.ts";
import { Runs } from "./runs/runs.ts";
import { WorkerClient } from "./worker/worker_client.ts";

/** What trains and stores, without anybody to ask for it. */
export interface TrainingParts {
  registry: Registry;
  checkpoints: RunCheckpoints;
  runs: Runs;
}

/**
 * Opens the models folder and the dataset.
 *
 * @throws {StartupError} when the dataset cannot be read
 * @throws {RegistryError} when the models cannot
 */
export async function openTraining(settings: Settings): Promise<TrainingParts> {
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
  return { registry, checkpoints, runs };
}

/** Serves until `stop` is aborted, or else until SIGINT or SIGTERM. Throws what `openTraining` and `serveService` throw. */
export async function runTrainingService(settings: Settings, stop?: AbortSignal): Promise<void> {
  const { registry, checkpoints, runs } = await openTraining(settings);
  const importer = new ModelImporter({ store: registry, dataDir: settings.dataDir });
  const archive = new RunArchive({ store: registry, checkpoints });
  const sockets = new SocketGroup();
  const app = createTrainingApp({ settings, registry, importer, runs, archive, sockets });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    stop,
    fetch: (request) => app.fetch(request),
    onShutdown: async () => {
      importer.close();
      await runs.close();
      sockets.closeAll(1001, "the service is shutting down");
    },
  });
}
