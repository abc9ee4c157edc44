/** The service's side of training: a worker that is there when needed. */
import { type TrainingEvents, TrainingThread } from "./training_thread.ts";
import type { TrainedModel, TrainingJob } from "./worker_messages.ts";

/** What trains; runs know it only as this. */
export interface TrainingWorker {
  /**
   * Trains one job; only one at a time.
   *
   * @throws the signal's reason soon after an abort: within 150 ms where the present step is a long one, else once it has
   * ended and the state was handed over, at most 1.3 s; {TrainingError} when the training fails
   */
  train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel>;
  close(): void;
}

const WORKER_SCRIPT = new URL("../../training_service/threads/training_worker.ts", import.meta.url);

/** Keeps one worker between trainings and starts a fresh one when that was ended or has crashed. */
export class WorkerClient implements TrainingWorker {
  #thread?: TrainingThread;

  /** `script` is another worker's only in tests. */
  constructor(readonly dataDir: string, readonly script: URL = WORKER_SCRIPT) {}

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
    const thread = this.#living();
    await unlessAborted(thread.ready, signal);
    return await thread.train(job, events, signal);
  }

  close() {
    this.#thread?.end();
  }

  #living(): TrainingThread {
    if (!this.#thread?.alive) this.#thread = new TrainingThread(this.script, this.dataDir);
    return this.#thread;
  }
}

/** `promise`, or the signal's reason as soon as it is aborted. */
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
