/** Trains in a worker, which stays for the next training, is stopped by flags in shared memory, and may crash. */
import type { Log, TrainingEngine } from "../host.ts";
import {
  DivergedError,
  type Divergence,
  type EpochEnd,
  type LivePadAnswer,
  type LossBatch,
  type Snapshot,
  type TrainedModel,
  TrainingError,
  type TrainingEvents,
  type TrainingJob,
  type TrainingStart,
} from "./training_job.ts";

/** Messages to a training worker. */
export type ToWorker =
  /** First message: where the digits are, and an int32 that becomes 1 when the current job should stop. */
  | { type: "open"; dataDir: string; stopFlag: SharedArrayBuffer }
  | { type: "train"; job: TrainingJob };

/** Messages of a training worker. */
export type FromWorker =
  /** Answer to `open`. */
  | { type: "ready"; trainImages: number }
  | { type: "unreadable"; message: string }
  /** Sent during `train`. */
  | { type: "start"; start: TrainingStart }
  | { type: "losses"; batch: LossBatch }
  | { type: "epoch"; end: EpochEnd }
  | { type: "livePad"; answer: LivePadAnswer }
  | { type: "snapshot"; snapshot: Snapshot }
  /** The stop flag was noticed between two steps; the snapshot follows, then `stopped`. */
  | { type: "stopping" }
  | LastAnswer;

/** The last answer to `train`. */
type LastAnswer =
  | { type: "trained"; model: TrainedModel }
  | { type: "stopped" }
  | { type: "diverged"; divergence: Divergence }
  | { type: "failed"; message: string };

/** What a `WorkerEngine` depends on. */
export interface EngineOptions {
  /** A worker that calls `serveTrainings`. */
  script: URL;
  /** The folder from which that worker reads the digits. */
  dataDir: string;
  log: Log;
}

/** How long a step may continue after an abort before it is interrupted, which leaves no state to resume from. */
const STEP_PATIENCE_MS = 80;
/** The same for a worker that reports at short intervals, whose chunk ends soon, however busy the machine is. */
const BRISK_STEP_PATIENCE_MS = 500;
const BRISK_INTERVAL_MS = 300;
/** How long the worker may then take to notice the stop flag before the job counts as stopped. */
const STOP_PATIENCE_MS = 60;
/** How long it may take to send a snapshot once it has stopped between two steps. */
const SNAPSHOT_PATIENCE_MS = 700;
/**
 * How long a worker may take to come back from a job that counts as stopped, before it is terminated. A fresh worker
 * would read the digits again and take their memory a second time while the old one lives on.
 */
const RETURN_PATIENCE_MS = 3000;

/** Keeps one worker for all training runs, and starts a fresh one after it was closed or has crashed. */
export class WorkerEngine implements TrainingEngine {
  readonly #options: EngineOptions;
  #worker?: TrainingWorker;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * Starts the worker, has it read the digits, and returns how many there are to train on.
   *
   * @throws {TrainingError} naming the file that is missing or malformed
   */
  open(): Promise<number> {
    return this.#living().ready;
  }

  async train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel> {
    signal.throwIfAborted();
    const worker = await unlessAborted(this.#available(), signal);
    return await worker.train(job, events, signal);
  }

  close() {
    this.#worker?.close();
  }

  /** The worker once it is free and has read the digits: a fresh one if it does not come back from a job given up. */
  async #available(): Promise<TrainingWorker> {
    await this.#living().idle;
    const worker = this.#living();
    await worker.ready;
    return worker;
  }

  #living(): TrainingWorker {
    if (!this.#worker?.alive) this.#worker = new TrainingWorker(this.#options);
    return this.#worker;
  }
}

interface CurrentJob {
  events: TrainingEvents;
  resolve(model: TrainedModel): void;
  reject(reason: unknown): void;
  /** Its reason rejects the job once the worker reports that it has stopped. */
  signal: AbortSignal;
  /** Restarts the time after which the worker is terminated. */
  giveUpAfter(ms: number): void;
}

/** One worker, from its start to its end. */
class TrainingWorker {
  readonly #log: Log;
  readonly #worker: Worker;
  readonly #stopFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #ready = Promise.withResolvers<number>();
  #job?: CurrentJob;
  /** Resolved when the worker is done with its latest job, or terminated. */
  #idle = Promise.withResolvers<void>();
  /** Interrupts a step of the current job, if its backend can. */
  #stepStop?: Int32Array<SharedArrayBuffer>;
  /** When the last losses came, and whether they came soon after the previous ones. */
  #heardAt = -Infinity;
  #isBrisk = false;
  #alive = true;

  constructor({ script, dataDir, log }: EngineOptions) {
    this.#log = log;
    this.#worker = new Worker(script, { type: "module", name: "training" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crash(event.message);
    };
    this.#idle.resolve();
    // Code that awaits it receives the failure, but nobody has to await it.
    this.#ready.promise.catch(() => {});
    this.#post({ type: "open", dataDir, stopFlag: this.#stopFlag.buffer });
  }

  /** False once the worker has crashed or has been closed. */
  get alive(): boolean {
    return this.#alive;
  }

  /**
   * The number of training images, once they are read. Rejects with a `TrainingError` that says why they cannot be
   * read.
   */
  get ready(): Promise<number> {
    return this.#ready.promise;
  }

  /** Resolves once the worker is done with a job that was given up, or is terminated because it does not come back. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** See `TrainingEngine`. */
  async train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel> {
    const { promise, resolve, reject } = Promise.withResolvers<TrainedModel>();
    let interruption: ReturnType<typeof setTimeout> | undefined;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const giveUpAfter = (ms: number) => {
      clearTimeout(interruption);
      clearTimeout(patience);
      patience = setTimeout(() => {
        this.#giveUp();
        reject(signal.reason);
      }, ms);
    };
    const stop = () => {
      Atomics.store(this.#stopFlag, 0, 1);
      const stepPatience = this.#isBrisk ? BRISK_STEP_PATIENCE_MS : STEP_PATIENCE_MS;
      giveUpAfter(stepPatience + STOP_PATIENCE_MS);
      interruption = setTimeout(() => this.#raiseStopFlags(), stepPatience);
    };
    Atomics.store(this.#stopFlag, 0, 0);
    this.#idle = Promise.withResolvers();
    this.#job = { events, resolve, reject, signal, giveUpAfter };
    this.#heardAt = -Infinity;
    this.#isBrisk = false;
    signal.addEventListener("abort", stop, { once: true });
    this.#post({ type: "train", job });
    try {
      return await promise;
    } finally {
      clearTimeout(interruption);
      clearTimeout(patience);
      signal.removeEventListener("abort", stop);
      this.#job = undefined;
      this.#stepStop = undefined;
    }
  }

  /**
   * Ends the worker; its messages are ignored from now on. `terminate` does not stop a worker inside a loop; the loop
   * ends when it checks a stop flag.
   */
  close() {
    this.#alive = false;
    this.#raiseStopFlags();
    this.#worker.terminate();
    this.#idle.resolve();
  }

  /** Stops waiting for the current job; the worker gets some time to come back from it. */
  #giveUp() {
    this.#raiseStopFlags();
    const { promise } = this.#idle;
    const patience = setTimeout(() => this.close(), RETURN_PATIENCE_MS);
    promise.then(() => clearTimeout(patience));
  }

  #raiseStopFlags() {
    Atomics.store(this.#stopFlag, 0, 1);
    if (this.#stepStop) Atomics.store(this.#stepStop, 0, 1);
  }

  #receive(message: FromWorker) {
    switch (message.type) {
      case "ready":
        return this.#ready.resolve(message.trainImages);
      case "unreadable":
        this.close();
        return this.#ready.reject(new TrainingError(message.message));
      case "start":
        this.#stepStop = message.start.stop;
        // An abort may have come before there was a step to interrupt.
        if (this.#job?.signal.aborted) this.#raiseStopFlags();
        return this.#job?.events.onStart(message.start);
      case "losses":
        this.#isBrisk = performance.now() - this.#heardAt < BRISK_INTERVAL_MS;
        this.#heardAt = performance.now();
        return this.#job?.events.onLosses(message.batch);
      case "epoch":
        return this.#job?.events.onEpoch(message.end);
      case "livePad":
        return this.#job?.events.onLivePad(message.answer);
      case "snapshot":
        return this.#job?.events.onSnapshot(message.snapshot);
      case "stopping":
        return this.#job?.giveUpAfter(SNAPSHOT_PATIENCE_MS);
      default:
        this.#idle.resolve();
        return this.#settle(message);
    }
  }

  #settle(answer: LastAnswer) {
    switch (answer.type) {
      case "trained":
        return this.#job?.resolve(answer.model);
      case "stopped":
        return this.#job?.reject(this.#job.signal.reason);
      case "diverged":
        return this.#job?.reject(new DivergedError(answer.divergence));
      case "failed":
        return this.#job?.reject(new TrainingError(answer.message));
    }
  }

  #crash(reason: string) {
    this.close();
    this.#log.error("the training worker crashed", { reason });
    const error = new TrainingError("The training broke down and could not go on. The next one starts afresh.");
    this.#ready.reject(error);
    this.#job?.reject(error);
  }

  #post(message: ToWorker) {
    this.#worker.postMessage(message);
  }
}

/** Settles like `promise`, but rejects with the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
