import { Registry, RunCheckpoints } from "../lab/models/mod.ts";
import type { EventLoopDelay } from "../service/process/health.ts";
import { log } from "../service/process/log.ts";
import { type Settings, StartupError } from "../service/process/settings.ts";
import { pathRedactor } from "../service/http/errors.ts";
import { SocketGroup } from "../service/http/websocket.ts";
import { ModelAnalyst } from "../lab/analysis/model_analyst.ts";
import { createTrainingApp } from "./app.ts";
import { checkDataset } from "../service/dataset/dataset.ts";
import { ModelImporter } from "../lab/imports/model_importer.ts";
import { RunArchive } from "../lab/runs/run_archive.ts";
import { Runs } from "../lab/runs/runs.ts";
import { WorkerClient } from "../lab/training/worker_client.ts";

/** All that answers requests, and what trains behind it. */
export interface TrainingService {
  fetch(request: Request, info?: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response>;
  /** As of `TrainingParts`. */
  opened: Promise<void>;
  /** Ends every run, keeping where it was, and every socket. Then the process has to end: a thread is left to that. */
  stop(): Promise<void>;
  /** As `stop`, and ends that thread, too. */
  close(): Promise<void>;
}

export interface TrainingServiceOptions {
  delay?: EventLoopDelay;
  /** Another worker's, for tests of what befalls it. */
  workerScript?: URL;
}

/** What trains and stores, without anybody to ask for it. */
export interface TrainingParts {
  registry: Registry;
  checkpoints: RunCheckpoints;
  runs: Runs;
  /** Rejects with a `StartupError` when the digits turn out to be malformed. */
  opened: Promise<void>;
}

/**
 * @throws {StartupError} when the digits cannot be read
 * @throws {RegistryError} when the models' folder or their metadata cannot be used
 */
export async function openTraining(settings: Settings, workerScript?: URL): Promise<TrainingParts> {
  const registry = await Registry.open(settings.modelsDir, {
    write: true,
    onCreated: (folder) => log.warn("created the models folder, which was not there", { MODELS_DIR: folder }),
  });
  const checkpoints = await RunCheckpoints.open(settings.modelsDir);
  // Metadata that cannot be read ends the start, before anything is trained that could not be stored.
  await registry.list();
  const strangers = await registry.describeStrangers();
  if (strangers !== undefined) log.warn(strangers);
  const worker = new WorkerClient(settings.dataDir, workerScript);
  // A look at the headers is enough to listen; whether the digits are sound shows when the worker has read them.
  const { train: trainImages } = await checkDataset(settings.dataDir);
  const opened = worker.open().then(() => {}, (error: Error) => {
    throw new StartupError(error.message);
  });
  opened.catch(() => {}); // Heard by whoever waits for it.
  const runs = new Runs({
    store: registry,
    checkpoints,
    worker,
    trainImages,
    device: settings.device,
    threads: settings.threads,
    redactPaths: pathRedactor(settings),
  });
  return { registry, checkpoints, runs, opened };
}

/** Throws what `openTraining` throws. */
export async function openTrainingService(
  settings: Settings,
  { delay, workerScript }: TrainingServiceOptions = {},
): Promise<TrainingService> {
  const { registry, checkpoints, runs, opened } = await openTraining(settings, workerScript);
  const importer = new ModelImporter({ store: registry, dataDir: settings.dataDir });
  const analyst = new ModelAnalyst({ store: registry, dataDir: settings.dataDir });
  const archive = new RunArchive({ store: registry, checkpoints });
  const sockets = new SocketGroup();
  const health = {
    checks: {
      dataset: async () => void await checkDataset(settings.dataDir),
      models_folder: () => registry.checkWritable(),
      models: () => registry.describeStrangers(),
    },
    figures: async () => ({
      models: (await registry.list()).length,
      unfinished_runs: runs.unfinished,
      queue_length: runs.queueLength,
      sockets: sockets.size,
    }),
    delay,
  };
  const app = createTrainingApp({ settings, registry, importer, analyst, runs, archive, sockets, health });
  const end = async (endRuns: Promise<void>) => {
    importer.close();
    analyst.close();
    await endRuns;
    sockets.closeAll(1001, "the service is shutting down");
  };
  return {
    fetch: (request, info) => app.fetch(request, info),
    opened,
    stop: () => end(runs.stop()),
    close: () => end(runs.close()),
  };
}
