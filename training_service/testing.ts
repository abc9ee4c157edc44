/** For tests: a lab on a free port with a worker that the test plays, and clients that wait instead of sleep. */
import assert from "node:assert/strict";
import { HttpServer } from "../service/http/server/http_server.ts";
import type { Hono } from "hono";
import type { NamedTensor } from "../core/models/spec.ts";
import {
  DEFAULT_CONFIG,
  isDuplicate,
  type ModelConfig,
  type ModelRecord,
  type ServerMessage,
  type TrainConfig,
} from "../protocol/mod.ts";
import { type NewModel, type PthStream, type Registry, type StoreOptions } from "../lab/models/mod.ts";
import type { ModelFiles } from "../service/http/model_routes.ts";
import { readSettings, type Settings } from "../service/process/settings.ts";
import { SocketGroup } from "../service/http/websocket.ts";
import { ModelAnalyst } from "../lab/analysis/model_analyst.ts";
import { log } from "../service/process/log.ts";
import { createTrainingApp } from "./app.ts";
import { ANALYSIS_WORKER, IMPORT_WORKER } from "./threads/scripts.ts";
import { ModelImporter } from "../lab/imports/model_importer.ts";
import { RunArchive } from "../lab/runs/run_archive.ts";
import { Runs, type RunsOptions } from "../lab/runs/runs.ts";
import { LivePadBoard } from "../lab/training/live_pad.ts";
import type { TrainingEngine } from "../lab/host.ts";
import { inTime } from "../lab/in_time_testing.ts";
import type { Snapshot, TrainedModel, TrainingEvents, TrainingJob } from "../lab/training/training_job.ts";
import { RunSnapshots } from "../lab/runs/run_snapshots.ts";
import { DiskFolder } from "../service/files/disk_folder.ts";

const DEADLINE_MS = 5000;

export const CONFIG = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 2,
  batch_size: 100,
  num_layers: 1,
  hidden_layers_config: [16],
  use_dropout: false,
} as const;

/** Digits of the pretended training set: 5 steps an epoch at `CONFIG`'s batch size. */
export const TRAIN_IMAGES = 500;
const STEPS_PER_EPOCH = 5;

/** One training that the test conducts: it goes on only when told. */
export class FakeTraining {
  #settled = Promise.withResolvers<TrainedModel>();

  constructor(readonly job: TrainingJob, readonly events: TrainingEvents, readonly signal: AbortSignal) {
    signal.addEventListener("abort", () => this.#settled.reject(signal.reason));
  }

  get outcome(): Promise<TrainedModel> {
    return this.#settled.promise;
  }

  /** `device` is none that could go on elsewhere, unless the test says so. */
  start(device = "fake") {
    this.events.onStart({ device, reason: "as asked", totalSteps: STEPS_PER_EPOCH * this.job.epochs });
  }

  /** The losses of steps `firstStep` to `lastStep`: 1 / step each. */
  steps(firstStep: number, lastStep: number) {
    const losses = Float32Array.from({ length: lastStep - firstStep + 1 }, (_, i) => 1 / (firstStep + i));
    const epoch = Math.ceil(lastStep / STEPS_PER_EPOCH);
    this.events.onLosses({
      firstStep,
      losses,
      epoch,
      imagesPerSecond: 1234.5,
      meanImagesPerSecond: 1200.4,
      secondsLeft: 6.78,
    });
  }

  /** Answers every live pad: sure of `digit`, after `step`. */
  guess(step: number, digit: number) {
    for (const { slot, number } of new LivePadBoard(this.job.livePads).drawings()) {
      const probabilities = new Float32Array(10).fill(1, digit, digit + 1);
      this.events.onLivePad({ slot, number, step, probabilities });
    }
  }

  endEpoch(epoch: number) {
    this.events.onEpoch({ epoch, meanLoss: 0.5, accuracy: 90 + epoch });
  }

  finish(model: Partial<TrainedModel> = {}) {
    this.#settled.resolve({ weights: [], accuracy: 92, trainingTime: 1.5, ...model });
  }

  /** The state after `step`: one tensor, filled with the step. */
  snapshot(step: number): Snapshot {
    const snapshot = {
      step,
      tensors: [{ name: "state", shape: [2], data: Float32Array.of(step, step) }],
      progress: { epochsDone: Math.floor(step / STEPS_PER_EPOCH), lossSum: 0.25 },
      seconds: 12.5,
    };
    this.events.onSnapshot(snapshot);
    return snapshot;
  }

  fail(error: Error) {
    this.#settled.reject(error);
  }

  /** Everything from the start to the finished model. */
  complete() {
    this.start();
    for (let epoch = 1; epoch <= this.job.epochs; epoch++) {
      this.steps((epoch - 1) * STEPS_PER_EPOCH + 1, epoch * STEPS_PER_EPOCH);
      this.endEpoch(epoch);
    }
    this.finish();
  }
}

export class FakeWorker implements TrainingEngine {
  #begun: FakeTraining[] = [];
  #waiting?: (training: FakeTraining) => void;
  closed = false;

  train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel> {
    const training = new FakeTraining(job, events, signal);
    if (this.#waiting) this.#waiting(training);
    else this.#begun.push(training);
    this.#waiting = undefined;
    return training.outcome;
  }

  close() {
    this.closed = true;
  }

  /** The next training that the lab begins. */
  next(): Promise<FakeTraining> {
    const begun = this.#begun.shift();
    if (begun !== undefined) return Promise.resolve(begun);
    return inTime(new Promise((resolve) => this.#waiting = resolve), "a training to begin");
  }

  /** Whether a training was begun that the test has not taken. */
  get idle(): boolean {
    return this.#begun.length === 0;
  }
}

/** A registry in memory. */
export class FakeStore
  implements Pick<Registry, "findDuplicate" | "store" | "remove" | "readHistory" | keyof ModelFiles> {
  records: ModelRecord[] = [];
  readonly histories = new Map<string, unknown>();
  stored: { weights: NamedTensor[]; replaces?: string }[] = [];
  #added = 0;

  /** Puts a model in place as if it had been trained before. */
  add(config: Partial<ModelRecord> = {}): ModelRecord {
    const id = `model_simplenn_adam_${1762740520 + this.#added++}`;
    const { num_layers: _, ...fields } = CONFIG;
    const record: ModelRecord = {
      ...DEFAULT_CONFIG,
      ...fields,
      hidden_layers_config: [...CONFIG.hidden_layers_config],
      id,
      filename: `${id}.pth`,
      timestamp: 1762740520,
      accuracy: 94.1,
      training_time: 36.86,
      ...config,
    };
    this.records.push(record);
    return record;
  }

  findDuplicate(config: ModelConfig): Promise<ModelRecord | undefined> {
    return Promise.resolve(this.records.find((record) => isDuplicate(record, config)));
  }

  store(model: NewModel, weights: NamedTensor[], options: StoreOptions = {}): Promise<ModelRecord> {
    this.stored.push({ weights, replaces: options.replaces });
    this.records = this.records.filter(({ id }) => id !== options.replaces);
    const record = this.add(model);
    this.histories.set(record.id, structuredClone(options.history?.(record)));
    return Promise.resolve(record);
  }

  remove(id: string): Promise<boolean> {
    const before = this.records.length;
    this.records = this.records.filter((record) => record.id !== id);
    return Promise.resolve(this.records.length < before);
  }

  list(): Promise<ModelRecord[]> {
    return Promise.resolve(this.records.toReversed());
  }

  get(id: string): Promise<ModelRecord | undefined> {
    return Promise.resolve(this.records.find((record) => record.id === id));
  }

  readHistory(record: ModelRecord): Promise<unknown> {
    return Promise.resolve(this.histories.get(record.id));
  }

  readWeights(): Promise<NamedTensor[]> {
    return Promise.resolve([]);
  }

  openPth({ filename }: ModelRecord): Promise<PthStream> {
    return Promise.resolve({ size: filename.length, stream: new Blob([filename]).stream() });
  }

  pthVersion({ filename }: ModelRecord): Promise<string> {
    return Promise.resolve(filename);
  }
}

type MessageOf<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** A client that remembers every message and hands them out in order. */
export class TestClient {
  readonly messages: ServerMessage[] = [];
  /** The code and reason of the close. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;
  #wake = () => {};
  #over = false;

  constructor(readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      this.messages.push(JSON.parse(data));
      this.#wake();
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.#over = true;
        this.#wake();
        resolve({ code, reason });
      };
    });
  }

  send(message: unknown) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The next message of `type` that fulfils `condition`; what comes before it is passed over. */
  next<T extends ServerMessage["type"]>(
    type: T,
    condition: (message: MessageOf<T>) => boolean = () => true,
    ms = DEADLINE_MS,
  ): Promise<MessageOf<T>> {
    return inTime(this.#next(type, condition), `a message of type ${type}`, ms);
  }

  async #next<T extends ServerMessage["type"]>(type: T, condition: (message: MessageOf<T>) => boolean) {
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read++];
        if (message.type === type && condition(message as MessageOf<T>)) return message as MessageOf<T>;
      }
      assert(!this.#over, `the socket closed before a message of type ${type} came`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The close code, once the server has closed. */
  async end(): Promise<number> {
    return (await inTime(this.closed, "the close")).code;
  }

  of<T extends ServerMessage["type"]>(type: T): MessageOf<T>[] {
    return this.messages.filter((message) => message.type === type) as MessageOf<T>[];
  }
}

/** A running lab and everything a test may touch of it. */
export interface TestLab {
  /** Such as `127.0.0.1:41234`. */
  host: string;
  worker: FakeWorker;
  store: FakeStore;
  snapshots: RunSnapshots;
  runs: Runs;
  app: Hono;
  connect(path: string): Promise<TestClient>;
  /** A client of `/ws/train` that has sent a config. */
  train(config?: Partial<TrainConfig>): Promise<TestClient>;
  getJson(path: string): Promise<{ status: number; body: unknown }>;
}

/** Serves a lab for the time of `body`; sockets and runs that the test leaves behind are ended. */
export async function withLab(
  body: (lab: TestLab) => Promise<void>,
  options: Partial<RunsOptions> & {
    prepare?: (store: FakeStore) => void;
    settings?: Partial<Settings>;
    sockets?: SocketGroup;
  } = {},
) {
  const { prepare, settings: changes, sockets = new SocketGroup(), ...runsOptions } = options;
  const worker = new FakeWorker();
  const store = new FakeStore();
  prepare?.(store);
  const modelsDir = await Deno.makeTempDir({ prefix: "training_" });
  const snapshots = await RunSnapshots.open(new DiskFolder(modelsDir));
  const runs = new Runs({
    store,
    snapshots,
    engine: worker,
    log,
    trainImages: TRAIN_IMAGES,
    device: "auto",
    threads: 1,
    ...runsOptions,
  });
  const archive = new RunArchive({ store, snapshots });
  const settings = { ...readSettings(() => undefined), ...changes };
  const importer = new ModelImporter({ store, script: IMPORT_WORKER, dataDir: settings.dataDir });
  const analyst = new ModelAnalyst({ store, script: ANALYSIS_WORKER, dataDir: settings.dataDir });
  const app = createTrainingApp({
    settings,
    registry: store,
    importer,
    analyst,
    runs,
    archive,
    sockets,
    health: { figures: () => ({ unfinished_runs: runs.unfinished }) },
  });
  const server = new HttpServer(
    { hostname: settings.host, port: 0 },
    (request, info) => app.fetch(request, info),
  );
  const host = `${settings.host}:${server.addr.port}`;
  const clients: TestClient[] = [];

  const connect = async (path: string) => {
    const socket = new WebSocket(`ws://${host}${path}`);
    const client = new TestClient(socket);
    clients.push(client);
    await inTime(
      new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      }),
      `a socket at ${path}`,
    );
    return client;
  };
  const train = async (config: Partial<TrainConfig> = {}) => {
    const client = await connect("/ws/train");
    client.send({ ...CONFIG, ...config });
    return client;
  };
  const getJson = async (path: string) => {
    const response = await fetch(`http://${host}${path}`);
    return { status: response.status, body: await response.json() };
  };

  try {
    await body({ host, worker, store, snapshots, runs, app, connect, train, getJson });
  } finally {
    await runs.close();
    sockets.closeAll(1001, "the test is over");
    await Promise.all(clients.map((client) => inTime(client.closed, "a client's close")));
    await server.shutdown();
    await Deno.remove(modelsDir, { recursive: true });
  }
}
