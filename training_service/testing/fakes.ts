/** Fakes of a lab's engine and store, controlled by the test. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { TrainingEngine } from "../../lab/host.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import {
  DuplicateError,
  type NewModel,
  type PthStream,
  type Registry,
  type StoreOptions,
} from "../../lab/models/mod.ts";
import { LivePadBoard } from "../../lab/training/live_pad.ts";
import type { Snapshot, TrainedModel, TrainingEvents, TrainingJob } from "../../lab/training/training_job.ts";
import { DEFAULT_CONFIG, isDuplicate, type ModelConfig, type ModelRecord } from "../../protocol/mod.ts";
import type { ModelFiles } from "../../service/http/model_routes.ts";

/** A configuration as a client sends it: a small network, two epochs. */
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

/** Digits of the fake training set: 5 steps per epoch at `CONFIG`'s batch size. */
export const TRAIN_IMAGES = 500;
const STEPS_PER_EPOCH = 5;

/** One training run, controlled by the test. */
export class FakeTraining {
  #settled = Promise.withResolvers<TrainedModel>();

  constructor(readonly job: TrainingJob, readonly events: TrainingEvents, readonly signal: AbortSignal) {
    signal.addEventListener("abort", () => this.#settled.reject(signal.reason));
  }

  get outcome(): Promise<TrainedModel> {
    return this.#settled.promise;
  }

  /** Runs on the default device cannot be resumed. */
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
      threads: 2,
    });
  }

  /** Answers every live pad after `step` with certainty that it shows `digit`. */
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

  /** Runs the training from start to finished model. */
  complete() {
    this.start();
    for (let epoch = 1; epoch <= this.job.epochs; epoch++) {
      this.steps((epoch - 1) * STEPS_PER_EPOCH + 1, epoch * STEPS_PER_EPOCH);
      this.endEpoch(epoch);
    }
    this.finish();
  }
}

export class FakeEngine implements TrainingEngine {
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

  /** Waits for the next training that the lab starts. */
  next(): Promise<FakeTraining> {
    const begun = this.#begun.shift();
    if (begun !== undefined) return Promise.resolve(begun);
    return inTime(new Promise((resolve) => this.#waiting = resolve), "a training run to begin");
  }

  /** Whether the test has taken every training run that was started. */
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
  /** A promise that storing waits for. */
  lock: Promise<void> = Promise.resolve();
  #added = 0;

  /** Adds a model as if it had been trained before. */
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

  async store(model: NewModel, weights: NamedTensor[], options: StoreOptions = {}): Promise<ModelRecord> {
    await this.lock;
    options.signal?.throwIfAborted();
    const duplicate = await this.findDuplicate(model);
    if (options.onDuplicate === "refuse" && duplicate !== undefined && duplicate.id !== options.replaces) {
      throw new DuplicateError(duplicate);
    }
    options.onBegin?.();
    this.stored.push({ weights, replaces: options.replaces });
    this.records = this.records.filter(({ id }) => id !== options.replaces);
    const record = this.add(model);
    this.histories.set(record.id, structuredClone(options.history?.(record)));
    return record;
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
