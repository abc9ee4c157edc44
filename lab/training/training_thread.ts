/** One worker, from its start to its end. */
import { log } from "../../service/process/log.ts";
import type {
  EpochEnd,
  FromWorker,
  Guess,
  LossBatch,
  Snapshot,
  ToWorker,
  TrainedModel,
  TrainingJob,
  TrainingStart,
} from "./worker_messages.ts";

/** How long a step may go on after an abort before it is cut short, which leaves no state to go on from. */
const STEP_PATIENCE_MS = 80;
/** The same for a worker that was heard of at short intervals: its chunk is over soon, however busy the machine is. */
const BRISK_STEP_PATIENCE_MS = 500;
const BRISK_INTERVAL_MS = 300;
/** How long it may take from there to see the stop flag before it is given up. */
const STOP_PATIENCE_MS = 60;
/** How long it may take to hand over its state once it has stopped between two steps. */
const SNAPSHOT_PATIENCE_MS = 700;

/** A training that could not be finished; the message is for people. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

export interface TrainingEvents {
  onStart(start: TrainingStart): void;
  onLosses(batch: LossBatch): void;
  onEpoch(end: EpochEnd): void;
  onGuess(guess: Guess): void;
  /** From time to time, and once more where an abort was seen between two steps. */
  onSnapshot(snapshot: Snapshot): void;
}

interface CurrentJob {
  events: TrainingEvents;
  resolve(model: TrainedModel): void;
  reject(reason: unknown): void;
  /** What to reject with once the worker says that it stopped. */
  signal: AbortSignal;
  /** Gives the worker up after this time, in place of what was set before. */
  giveUpAfter(ms: number): void;
}

export class TrainingThread {
  readonly #worker: Worker;
  readonly #stopFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #ready = Promise.withResolvers<number>();
  #job?: CurrentJob;
  /** Interrupts a step of the current job, where its backend can. */
  #stepStop?: Int32Array<SharedArrayBuffer>;
  /** When losses last came, and whether at a short interval from those before. */
  #heardAt = -Infinity;
  #isBrisk = false;
  #alive = true;

  /** Starts `script` and has it read the digits in `dataDir`. */
  constructor(script: URL, dataDir: string) {
    this.#worker = new Worker(script, { type: "module", name: "training" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crash(event.message);
    };
    // Whoever waits for it sees the failure; nobody has to wait.
    this.#ready.promise.catch(() => {});
    this.#post({ type: "open", dataDir, stopFlag: this.#stopFlag.buffer });
  }

  /** False once the worker has crashed or was ended: it trains no more. */
  get alive(): boolean {
    return this.#alive;
  }

  /** The number of training images, once they are read. Rejects with a TrainingError that says why they are not. */
  get ready(): Promise<number> {
    return this.#ready.promise;
  }

  /**
   * Trains one job; only one at a time.
   *
   * @throws the signal's reason soon after an abort, and after its snapshot where one could be had, {TrainingError} when the training fails
   */
  async train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel> {
    const { promise, resolve, reject } = Promise.withResolvers<TrainedModel>();
    let interruption: ReturnType<typeof setTimeout> | undefined;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const giveUpAfter = (ms: number) => {
      clearTimeout(interruption);
      clearTimeout(patience);
      patience = setTimeout(() => {
        this.end();
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
   * Gives the worker up: nothing is heard of it any more. A worker inside a loop is not stopped by `terminate`; it ends at
   * its next look at a stop flag.
   */
  end() {
    this.#alive = false;
    this.#raiseStopFlags();
    this.#worker.terminate();
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
        this.end();
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
      case "guess":
        return this.#job?.events.onGuess(message.guess);
      case "snapshot":
        return this.#job?.events.onSnapshot(message.snapshot);
      case "stopping":
        return this.#job?.giveUpAfter(SNAPSHOT_PATIENCE_MS);
      case "trained":
        return this.#job?.resolve(message.model);
      case "stopped":
        return this.#job?.reject(this.#job.signal.reason);
      case "failed":
        return this.#job?.reject(new TrainingError(message.message));
    }
  }

  #crash(reason: string) {
    this.end();
    log.error("the training worker crashed", { reason });
    const error = new TrainingError("The training broke down and could not go on. The next one starts afresh.");
    this.#ready.reject(error);
    this.#job?.reject(error);
  }

  #post(message: ToWorker) {
    this.#worker.postMessage(message);
  }
}
