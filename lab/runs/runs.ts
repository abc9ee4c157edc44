/** The lab's runs: submits and queues them, trains one at a time, stores their models and remembers them. */
import {
  type DeviceChoice,
  MAX_RUN_MINUTES,
  MAX_RUNS,
  type ModelRecord,
  type ResumeRequest,
  type RunSummary,
  type TrainConfig,
  ValidationError,
} from "../../protocol/mod.ts";
import type { Log, TrainingEngine } from "../host.ts";
import { DuplicateError, type Registry, RegistryError } from "../models/mod.ts";
import { Queue } from "../queue.ts";
import { DivergedError, type TrainedModel, TrainingError } from "../training/training_job.ts";
import { mayTakePlace } from "./fair_shares.ts";
import { epochsOf, findStart, jobOf, modelOf, requireFinite, requireSomeLeft, resultOf } from "./job.ts";
import type { RunJournal } from "./run_journal.ts";
import { logRun } from "./run_log.ts";
import { aheadLine, divergenceLine } from "./run_messages.ts";
import { RunTimes } from "./run_time.ts";
import { Run, type RunListener, type RunPast } from "./run.ts";
import type { RunSnapshots } from "./run_snapshots.ts";
import { SnapshotKeeper } from "./snapshot_keeper.ts";

/** The parts of the registry that runs need. */
export type ModelStore = Pick<Registry, "findDuplicate" | "store" | "get" | "readWeights">;

/**
 * A run ends within this time after an abort (the message is promised within 250 ms); a slower snapshot is still
 * written.
 */
const ABORT_DEADLINE_MS = 200;

/** What runs depend on, and their limits. */
export interface RunsOptions {
  store: ModelStore;
  snapshots: RunSnapshots;
  engine: TrainingEngine;
  log: Log;
  /** Number of training images; together with the batch size it gives the number of steps. */
  trainImages: number;
  /** Device for runs that do not name one. */
  device: DeviceChoice;
  threads: number;
  /** How long a run waits for the answer to `exists`. */
  answerTimeoutMs?: number;
  /** Runs that may be unfinished at once; see `mayTakePlace` for what one client may have of them. */
  maxUnfinished?: number;
  /** The longest that a run may be expected to take, in minutes. */
  maxRunMinutes?: number;
  /** The journal that notes runs until more of them is stored. */
  journal?: Pick<RunJournal, "add" | "remove">;
  /** Number of finished runs to remember. */
  maxFinished?: number;
  /** Replaces the machine's paths in a message by the names of settings. */
  redactPaths?(text: string): string;
}

/** Thrown for a run that is not accepted; the message is for people. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** The runs of one process. */
export class Runs {
  readonly #options: Required<Omit<RunsOptions, "journal">> & Pick<RunsOptions, "journal">;
  readonly #times: RunTimes;
  readonly #runs = new Map<string, Run>();
  readonly #ends = new Set<Promise<void>>();
  /** How many unfinished runs each client has. */
  readonly #unfinishedOf = new Map<string, number>();
  readonly #queue = new Queue<Run>((run, position) => this.#tellPosition(run, position));
  #closed = false;

  constructor(options: RunsOptions) {
    this.#options = {
      answerTimeoutMs: 5 * 60_000,
      maxUnfinished: MAX_RUNS,
      maxRunMinutes: MAX_RUN_MINUTES,
      maxFinished: 100,
      redactPaths: (text) => text,
      ...options,
    };
    this.#times = new RunTimes(options);
  }

  /**
   * Checks that the model to start from is stored and fits, which only the stored models can tell.
   *
   * @throws {ValidationError} when it does not
   * @throws {RefusedError} when the models cannot be read
   */
  async check(request: TrainConfig | ResumeRequest): Promise<void> {
    if ("resume" in request) return;
    try {
      await findStart(this.#options.store, request);
    } catch (error) {
      throw error instanceof RegistryError ? new RefusedError(this.#options.redactPaths(error.message)) : error;
    }
  }

  /**
   * Starts a run, fresh or resuming another; `listener` receives all its messages from the first.
   *
   * @param client a name for whom it is; clients take turns
   * @throws {RefusedError} if too many are waiting, or the run to resume is in progress
   * @throws {ValidationError} if there is no such run to resume, or the training would take too long
   */
  submit(request: TrainConfig | ResumeRequest, listener: RunListener, client = "unknown"): Run {
    const { maxUnfinished, journal } = this.#options;
    const own = this.#unfinishedOf.get(client) ?? 0;
    if (this.#closed) throw new RefusedError("The lab is shutting down.");
    if (this.unfinished >= maxUnfinished) {
      throw new RefusedError(`${maxUnfinished} training runs are waiting already; try again when some have ended.`);
    }
    if (!mayTakePlace({ own, taken: this.unfinished, max: maxUnfinished })) {
      throw new RefusedError(
        `${own} training runs asked for from your address are waiting already; try again when some have ended, or abort some.`,
      );
    }
    const run = "resume" in request ? this.#resumed(request, client) : this.#fresh(request, client);
    this.#runs.set(run.id, run);
    logRun(run, this.#options.log);
    run.subscribe(listener);
    run.announce();
    this.#unfinishedOf.set(client, own + 1);
    const noted = journal?.add(run.history);
    const end = this.#conduct(run).finally(async () => {
      await noted;
      // The next service reports the runs that this one had accepted when it ended, unless more of them is stored.
      const isLost = this.#closed && run.state === "aborted" && run.resumeId === undefined;
      if (!isLost) await journal?.remove(run.id);
      this.#ends.delete(end);
      this.#endOneOf(client);
      this.#forgetOldest();
    });
    this.#ends.add(end);
    return run;
  }

  #fresh(config: TrainConfig, client: string): Run {
    requireSomeLeft(config);
    this.#times.requireShort(config, 60 * this.#options.maxRunMinutes);
    const seed = config.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
    return this.#newRun({ ...config, seed }, client);
  }

  #resumed({ resume, device }: ResumeRequest, client: string): Run {
    const { snapshots, trainImages, redactPaths, maxRunMinutes } = this.#options;
    if (this.#runs.get(resume)?.finished === false) {
      throw new RefusedError(`The run ${resume} is still under way; follow it, or abort it first.`);
    }
    const saved = snapshots.find(resume);
    const refuse = (why: string) => {
      throw new ValidationError(why, "resume");
    };
    if (saved === undefined) {
      return refuse(`resume names ${JSON.stringify(resume)}, of which no snapshot is kept: start the training anew`);
    }
    if ("fault" in saved) return refuse(`resume: ${redactPaths(saved.fault)}`);
    const { config, total_steps } = saved.snapshot.history.run;
    if (saved.snapshot.diverged) {
      return refuse(`resume names ${resume}, whose training diverged: start it anew with other settings`);
    }
    if (this.#times.stepsOf(config) !== total_steps || config.seed == null) {
      return refuse(
        `resume names ${resume}, which trained on another number of digits than the ${trainImages} that there are now`,
      );
    }
    const left = total_steps - saved.snapshot.step;
    this.#times.requireShort(config, 60 * maxRunMinutes, left, device ?? saved.snapshot.device);
    if (!snapshots.hold(resume)) {
      throw new RefusedError(`Another training run has resumed the run ${resume} already.`);
    }
    return this.#newRun({ ...config, seed: config.seed }, client, {
      snapshot: saved.snapshot,
      device: device ?? undefined,
    });
  }

  #newRun(config: Run["config"], client: string, past?: RunPast): Run {
    const { snapshots, log } = this.#options;
    return new Run(config, this.#times.stepsOf(config), {
      past,
      client,
      canResume: (id) => snapshots.canResume(id),
      onListenerFault: (error) => log.error("a listener of a run failed", {}, error),
    });
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  /** Newest first, as seen by `client`. */
  list(client = "unknown"): RunSummary[] {
    return [...this.#runs.values()].reverse().map((run) => ({ ...run.summary, yours: run.client === client }));
  }

  get unfinished(): number {
    return this.#ends.size;
  }

  /** Runs that wait for their turn, or for an answer. */
  get queueLength(): number {
    return [...this.#runs.values()].filter(({ state }) => state === "queued" || state === "asking").length;
  }

  /**
   * Aborts every run and starts no others; nothing unfinished is stored. The worker is left running until the process
   * ends: a thread that has looked for a GPU unloads the graphics driver when it is ended, and a process that ends at
   * the same moment calls that driver's exit handlers, which are gone (signal 11; Deno 2.9.6 with Mesa).
   */
  async stop(): Promise<void> {
    this.#closed = true;
    for (const run of this.#runs.values()) run.abort("Training aborted: the lab is shutting down.");
    await Promise.all(this.#ends);
  }

  /** Like `stop`, but also ends the worker, for a process that continues. */
  async close(): Promise<void> {
    await this.stop();
    this.#options.engine.close();
  }

  async #conduct(run: Run): Promise<void> {
    const { snapshots, redactPaths } = this.#options;
    const keeper = new SnapshotKeeper(run, this.#options);
    const release = () => run.resumedFrom !== undefined && snapshots.release(run.resumedFrom);
    let deadline: ReturnType<typeof setTimeout> | undefined;
    run.signal.addEventListener("abort", () => deadline = setTimeout(() => run.endAborted(), ABORT_DEADLINE_MS));
    try {
      await this.#trainUnlessKept(run, keeper);
    } catch (error) {
      await keeper.settled();
      release();
      if (run.signal.aborted) run.endAborted({ isSettled: true });
      else if (error instanceof DivergedError) await this.#endDiverged(run, keeper, error);
      else if (error instanceof ValidationError) run.endFailed(error.message, error.field);
      else run.endFailed(redactPaths(this.#explain(error)));
    } finally {
      release();
      clearTimeout(deadline);
    }
  }

  async #endDiverged(run: Run, keeper: SnapshotKeeper, { divergence }: DivergedError): Promise<void> {
    const message = divergenceLine(divergence, run.summary.total_steps, run.config);
    await keeper.keepHistoryOnly(run.historyOfFailure(message), divergence.step);
    run.resumeId = undefined;
    // It may have been aborted meanwhile.
    if (run.signal.aborted) run.endAborted();
    else run.endFailed(message);
  }

  #tellPosition(run: Run, position: number) {
    run.queue(position, aheadLine(run.client, this.#queue.current, this.#queue.waiting.slice(0, position - 1)));
  }

  /**
   * Looks for a duplicate now, again when it is the run's turn (the run before it may have stored one), and when its
   * model is stored (another lab may share the folder). A yes applies only to the model that was shown. A
   * training that starts from a stored model makes a new one on purpose.
   */
  async #trainUnlessKept(run: Run, keeper: SnapshotKeeper): Promise<void> {
    const { store } = this.#options;
    const findDuplicate = async () => run.config.start_from == null ? await store.findDuplicate(run.config) : undefined;
    let duplicate = await findDuplicate();
    let approvedId: string | undefined;
    for (let front = false;; front = true) {
      if (duplicate !== undefined && duplicate.id !== approvedId) {
        // Outside its turn, so that other runs do not wait for the answer.
        if (!await this.#mayReplace(run, duplicate)) return;
        approvedId = duplicate.id;
      }
      const endTurn = await this.#queue.enter(run, run.signal, { front, group: run.client });
      let model: TrainedModel | undefined;
      try {
        duplicate = await findDuplicate();
        if (duplicate === undefined || duplicate.id === approvedId) {
          model = await this.#train(run, keeper);
          await this.#store(run, model, keeper, approvedId);
          return;
        }
      } catch (error) {
        if (model === undefined || !(error instanceof DuplicateError)) throw error;
        duplicate = error.existing;
      } finally {
        endTurn();
      }
      if (model !== undefined) return await this.#storeAsAsked(run, model, keeper, duplicate);
    }
  }

  /** Stores a model whose duplicate appeared only while it was trained. Other runs train meanwhile. */
  async #storeAsAsked(run: Run, model: TrainedModel, keeper: SnapshotKeeper, duplicate: ModelRecord): Promise<void> {
    for (let existing = duplicate;;) {
      if (!await this.#mayReplace(run, existing)) return await keeper.drop();
      try {
        return await this.#store(run, model, keeper, existing.id);
      } catch (error) {
        if (!(error instanceof DuplicateError)) throw error;
        existing = error.existing;
      }
    }
  }

  async #mayReplace(run: Run, existing: ModelRecord): Promise<boolean> {
    const yes = await run.ask(existing, this.#options.answerTimeoutMs);
    if (!yes) run.endKept(existing);
    return yes;
  }

  async #train(run: Run, keeper: SnapshotKeeper): Promise<TrainedModel> {
    run.signal.throwIfAborted();
    run.begin();
    const { store, engine, device, threads, snapshots, log } = this.#options;
    const { config, past } = run;
    // A run that resumes has its own tensors, so the model that it started from may be gone.
    const start =
      await (past === undefined ? findStart(store, config) : findStart(store, config).catch(() => undefined));
    run.epochsBefore ??= epochsOf(start);
    const origin = past === undefined
      ? { weights: start && await store.readWeights(start) }
      : { tensors: await snapshots.read(past.snapshot.history.run.id) };
    requireFinite(origin, config);
    const job = jobOf(run, origin, { device, threads });
    const began = performance.now();
    const model = await engine.train(job, {
      onStart: (start) => {
        log.info("run trains", { run: run.id, device: start.device });
        run.start(start);
      },
      onLosses: (batch) => run.addLosses(batch),
      onEpoch: (end) => run.endEpoch(end),
      onLivePad: (answer) => run.livePads.tell(answer),
      onSnapshot: (snapshot) => keeper.keep(snapshot),
    }, run.signal);
    const steps = this.#times.stepsOf(config) - (past?.snapshot.step ?? 0);
    this.#times.learn(config, steps, (performance.now() - began) / 1000, job.device);
    return model;
  }

  /**
   * Stores the model that a run has trained. It replaces `replaces` if that is given and still exists.
   *
   * @throws {DuplicateError} when another model of this configuration is stored
   */
  async #store(run: Run, model: TrainedModel, keeper: SnapshotKeeper, replaces?: string): Promise<void> {
    const { store, device } = this.#options;
    try {
      run.signal.throwIfAborted();
      const record = await store.store(modelOf(run, model), model.weights, {
        replaces,
        ...(run.config.start_from == null ? { onDuplicate: "refuse" } : {}),
        // Until the models folder is free, an abort is still in time.
        onBegin: () => run.seal(),
        signal: run.signal,
        history: (record) => run.historyWith(resultOf(run, record, device)),
      });
      run.endDone(resultOf(run, record, device));
    } catch (error) {
      if (model.snapshot !== undefined) keeper.keep(model.snapshot);
      throw error;
    }
    await keeper.drop();
  }

  #explain(error: unknown): string {
    if (error instanceof TrainingError || error instanceof RegistryError) return error.message;
    this.#options.log.error("a run failed", {}, error);
    return "The training failed because of an internal error; the service's log has the details.";
  }

  #endOneOf(client: string) {
    const left = this.#unfinishedOf.get(client)! - 1;
    if (left === 0) this.#unfinishedOf.delete(client);
    else this.#unfinishedOf.set(client, left);
  }

  #forgetOldest() {
    const finished = [...this.#runs.values()].filter((run) => run.finished);
    for (const run of finished.slice(0, -this.#options.maxFinished)) this.#runs.delete(run.id);
  }
}
