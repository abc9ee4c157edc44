/** Assembles the training service: the part that trains and the part that answers requests. */
import { EventLoopDelay } from "../service/http/health.ts";
import { log } from "../service/process/log.ts";
import { serveService, type Supervision } from "../service/http/serve.ts";
import { type Settings, StartupError } from "../service/process/settings.ts";
import { FileError } from "../lab/host.ts";
import { Registry, RegistryError } from "../lab/models/mod.ts";
import { pathRedactor } from "../service/http/errors.ts";
import type { RequestHandler } from "../service/http/server/http_server.ts";
import { ListenerState } from "../service/http/server/listener_state.ts";
import { SocketGroup } from "../service/http/websocket.ts";
import { ModelAnalyst } from "../lab/analysis/model_analyst.ts";
import { createTrainingApp } from "./app.ts";
import { checkDataset } from "../service/dataset/dataset.ts";
import { ModelImporter } from "../lab/imports/model_importer.ts";
import { RunArchive } from "../lab/runs/run_archive.ts";
import { RunJournal } from "../lab/runs/run_journal.ts";
import { Runs } from "../lab/runs/runs.ts";
import { WorkerEngine } from "../lab/training/worker_engine.ts";
import { openRegistry } from "../service/files/open_registry.ts";
import { RunSnapshots } from "../lab/runs/run_snapshots.ts";
import { DiskFolder } from "../service/files/disk_folder.ts";

/** A worker that calls `serveTrainings`. */
export const TRAINING_WORKER = new URL("./threads/training_worker.ts", import.meta.url);
/** A worker that answers by `importAnswerer`. */
export const IMPORT_WORKER = new URL("./threads/import_worker.ts", import.meta.url);
/** A worker that answers by `analyse`. */
export const ANALYSIS_WORKER = new URL("./threads/analysis_worker.ts", import.meta.url);

/** The service: the app and the training behind it. */
export interface TrainingService {
  fetch: RequestHandler;
  /** State in which the server records whether it can accept connections. */
  listener: ListenerState;
  /** See `TrainingParts`. */
  opened: Promise<void>;
  /**
   * Ends every run, keeping its snapshot, and every socket. End the process afterwards: the training thread is left
   * running.
   */
  stop(): Promise<void>;
  /** Like `stop`, but also ends that thread. */
  close(): Promise<void>;
}

/** Options of the service. */
export interface TrainingServiceOptions {
  delay?: EventLoopDelay;
  /** Another training worker, for tests of its faults. */
  workerScript?: URL;
}

/** Everything that trains and stores, without routes. The command line uses this. */
export interface TrainingParts {
  registry: Registry;
  snapshots: RunSnapshots;
  journal: RunJournal;
  runs: Runs;
  /** Rejects with a `StartupError` when the digits turn out to be malformed. */
  opened: Promise<void>;
}

/**
 * Opens everything that trains and stores.
 *
 * @throws {StartupError} when the digits cannot be read
 * @throws {RegistryError} when the models folder or its metadata cannot be used
 */
export async function openTraining(settings: Settings, workerScript = TRAINING_WORKER): Promise<TrainingParts> {
  const registry = await openRegistry(settings.modelsDir, {
    write: true,
    onCreated: (folder) => log.warn("created the models folder, which was not there", { MODELS_DIR: folder }),
  });
  const folder = new DiskFolder(settings.modelsDir);
  const snapshots = await RunSnapshots.open(folder);
  // If the metadata is unreadable, fail now, before a model is trained that could not be stored.
  await registry.list();
  const strangers = await registry.describeStrangers();
  if (strangers !== undefined) log.warn(strangers);
  const engine = new WorkerEngine({ script: workerScript, dataDir: settings.dataDir, log });
  // The headers are enough to start listening. Whether the digits are valid is known once the worker has read them.
  const { train: trainImages } = await checkDataset(settings.dataDir);
  const opened = engine.open().then(() => {}, (error: Error) => {
    throw new StartupError(error.message);
  });
  opened.catch(() => {}); // Code that awaits it receives the failure.
  const journal = await RunJournal.open(folder, log).catch((error) => {
    throw error instanceof FileError ? new RegistryError(`cannot write to ${folder.path}: ${error.message}`) : error;
  });
  const runs = new Runs({
    store: registry,
    snapshots,
    journal,
    engine,
    log,
    trainImages,
    device: settings.device,
    threads: settings.threads,
    maxRunMinutes: settings.maxRunMinutes,
    redactPaths: pathRedactor(settings),
  });
  return { registry, snapshots, journal, runs, opened };
}

/** Opens the service. Throws what `openTraining` throws. */
export async function openTrainingService(
  settings: Settings,
  { delay, workerScript }: TrainingServiceOptions = {},
): Promise<TrainingService> {
  const { registry, snapshots, journal, runs, opened } = await openTraining(settings, workerScript);
  const importer = new ModelImporter({ store: registry, script: IMPORT_WORKER, dataDir: settings.dataDir });
  const analyst = new ModelAnalyst({ store: registry, script: ANALYSIS_WORKER, dataDir: settings.dataDir });
  const archive = new RunArchive({ store: registry, snapshots, journal });
  const sockets = new SocketGroup(), listener = new ListenerState();
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
    listener,
  };
  const app = createTrainingApp({ settings, registry, importer, analyst, runs, archive, sockets, health });
  const end = async (endRuns: Promise<void>) => {
    importer.close();
    analyst.close();
    await endRuns;
    await journal.close();
    sockets.closeAll(1001, "the service is shutting down");
  };
  return {
    fetch: (request, info) => app.fetch(request, info),
    listener,
    opened,
    stop: () => end(runs.stop()),
    close: () => end(runs.close()),
  };
}

/**
 * Serves until it is told to end. End the process afterwards. Throws what `openTrainingService` and `serveService`
 * throw.
 */
export async function runTrainingService(settings: Settings, supervision: Supervision = {}): Promise<void> {
  log.configure(settings.log);
  const service = await openTrainingService(settings, { delay: new EventLoopDelay() });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    ...supervision,
    soundness: service.opened,
    fetch: service.fetch,
    listener: service.listener,
    onShutdown: service.stop,
  });
}
