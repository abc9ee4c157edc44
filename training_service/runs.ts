/** The lab's runs: asked for, queued, trained one at a time, stored, remembered. */
import type { DeviceChoice, ModelRecord, RunSummary, TrainConfig } from "../protocol/mod.ts";
import { type NewModel, type Registry, RegistryError, specOf } from "../registry/mod.ts";
import { RunQueue } from "./run_queue.ts";
import { Run, type RunListener, type SeededConfig } from "./run.ts";
import { TrainingError } from "./training_thread.ts";
import type { TrainingWorker } from "./worker_client.ts";
import type { TrainedModel, TrainingJob } from "./worker_messages.ts";

/** What runs need of the registry. */
export type ModelStore = Pick<Registry, "findDuplicate" | "store">;

export interface RunsOptions {
  store: ModelStore;
  worker: TrainingWorker;
  /** Images of the training set: with the batch size they give the number of steps. */
  trainImages: number;
  /** Where a run trains that does not say. */
  device: DeviceChoice;
  threads: number;
  /** How long `exists` waits for its answer. */
  answerTimeoutMs?: number;
  /** Runs that may be unfinished at once. */
  maxUnfinished?: number;
  /** Finished runs to remember. */
  maxFinished?: number;
}

/** Why a run is not taken; the message is for people. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

export class Runs {
  readonly #options: Required<RunsOptions>;
  readonly #runs = new Map<string, Run>();
  readonly #ends = new Set<Promise<void>>();
  readonly #queue = new RunQueue<Run>((run, place) => run.queue(place));
  #closed = false;

  constructor(options: RunsOptions) {
    this.#options = { answerTimeoutMs: 5 * 60_000, maxUnfinished: 64, maxFinished: 100, ...options };
  }

  /**
   * Takes a run on; `listener` hears everything about it from the first message.
   *
   * @throws {RefusedError} when too many are waiting already
   */
  submit(config: TrainConfig, listener: RunListener): Run {
    const { maxUnfinished, trainImages } = this.#options;
    if (this.#closed) throw new RefusedError("The service is shutting down.");
    if (this.unfinished >= maxUnfinished) {
      throw new RefusedError(`${maxUnfinished} trainings are waiting already; try again when some have ended.`);
    }
    const seed = config.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
    const run = new Run({ ...config, seed }, Math.ceil(trainImages / config.batch_size) * config.num_epochs);
    this.#runs.set(run.id, run);
    run.subscribe(listener);
    run.announce();
    const end = this.#conduct(run).finally(() => {
      this.#ends.delete(end);
      this.#forgetOldest();
    });
    this.#ends.add(end);
    return run;
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  /** Newest first. */
  list(): RunSummary[] {
    return [...this.#runs.values()].reverse().map((run) => run.summary);
  }

  get unfinished(): number {
    return this.#ends.size;
  }

  /** Aborts every run and ends the worker. Nothing half done is stored. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const run of this.#runs.values()) run.abort("Training aborted: the service is shutting down.");
    await Promise.all(this.#ends);
    this.#options.worker.close();
  }

  async #conduct(run: Run): Promise<void> {
    try {
      await this.#trainUnlessKept(run);
    } catch (error) {
      if (run.signal.aborted) run.endAborted();
      else run.endFailed(explain(error));
    }
  }

  /**
   * Looks for a duplicate now and again when the run's turn has come: the one before it may have stored one. A yes holds
   * for the model that was shown and for no other.
   */
  async #trainUnlessKept(run: Run): Promise<void> {
    const { store } = this.#options;
    let duplicate = await store.findDuplicate(run.config);
    let approvedId: string | undefined;
    for (let front = false;; front = true) {
      if (duplicate !== undefined && duplicate.id !== approvedId) {
        // Asked without a turn: the others do not wait for this one's answer.
        if (!await this.#mayReplace(run, duplicate)) return;
        approvedId = duplicate.id;
      }
      const endTurn = await this.#queue.enter(run, run.signal, { front });
      try {
        duplicate = await store.findDuplicate(run.config);
        if (duplicate === undefined || duplicate.id === approvedId) return await this.#train(run, approvedId);
      } finally {
        endTurn();
      }
    }
  }

  async #mayReplace(run: Run, existing: ModelRecord): Promise<boolean> {
    const yes = await run.ask(existing, this.#options.answerTimeoutMs);
    if (!yes) run.endKept(existing);
    return yes;
  }

  /** Trains and stores; the new model takes the place of `replaces`, where that is given and still there. */
  async #train(run: Run, replaces?: string): Promise<void> {
    run.signal.throwIfAborted();
    run.begin();
    const { store, worker, device, threads } = this.#options;
    const { config } = run;
    const model = await worker.train(jobOf(config, device, threads), {
      onStart: (start) => run.start(start),
      onLosses: (batch) => run.addLosses(batch),
      onEpoch: (end) => run.endEpoch(end),
    }, run.signal);
    run.seal();
    const record = await store.store(modelOf(run, model), model.weights, { replaces });
    run.endDone({
      type: "result",
      accuracy: record.accuracy,
      training_time: record.training_time,
      model_path: `/models/${record.filename}`,
      model_type: record.model_type,
      optimizer: record.optimizer,
      model_id: record.id,
      run_id: run.id,
      device: run.summary.device ?? device,
    });
  }

  #forgetOldest() {
    const finished = [...this.#runs.values()].filter((run) => run.finished);
    for (const run of finished.slice(0, -this.#options.maxFinished)) this.#runs.delete(run.id);
  }
}

function jobOf(config: SeededConfig, device: DeviceChoice, threads: number): TrainingJob {
  return {
    spec: specOf(config),
    optimizer: config.optimizer,
    learningRate: config.learning_rate,
    batchSize: config.batch_size,
    epochs: config.num_epochs,
    seed: config.seed,
    device: config.device ?? device,
    threads,
  };
}

function modelOf(run: Run, { accuracy, trainingTime }: TrainedModel): NewModel {
  const { config } = run;
  return {
    model_type: config.model_type,
    optimizer: config.optimizer,
    learning_rate: config.learning_rate,
    batch_size: config.batch_size,
    num_epochs: config.num_epochs,
    hidden_layers_config: config.hidden_layers_config,
    use_dropout: config.use_dropout,
    dropout_p: config.dropout_p,
    accuracy: round(accuracy, 4),
    training_time: round(trainingTime, 3),
    seed: config.seed,
    device: run.summary.device,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function explain(error: unknown): string {
  if (error instanceof TrainingError || error instanceof RegistryError) return error.message;
  console.error("run:", error);
  return "The training failed because of an internal error; the service's log has the details.";
}
