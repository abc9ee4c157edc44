/** One training run: its configuration, its history and its listeners. It depends on neither sockets nor workers. */
import {
  type AbortedMessage,
  type DeviceChoice,
  type ErrorMessage,
  type ExistsMessage,
  FINISHED_STATES,
  type HistoryMessage,
  type LogMessage,
  type LossMessage,
  type ModelRecord,
  type ResultMessage,
  type RunSnapshot,
  type RunState,
  type RunSummary,
  type ServerMessage,
  type TrainConfig,
} from "../../protocol/mod.ts";
import { Question } from "./question.ts";
import { KEPT_LOSSES, LossHistory, thinned } from "./loss_history.ts";
import { beginning, deviceLine, epochLine, isReported, lossMessage, readable } from "./run_messages.ts";
import { LivePads } from "../training/live_pad.ts";
import type { EpochEnd, LossBatch, TrainingStart } from "../training/training_job.ts";

/** A configuration with the seed that the run uses, given or drawn. */
export type SeededConfig = TrainConfig & { seed: number };

/** Receives the messages of a run. */
export interface RunListener {
  /** The client that it belongs to. */
  client?: string;
  onMessage(message: ServerMessage): void;
  /** Receives the losses that came at once; without it, `onMessage` receives them one by one. */
  onLosses?(messages: readonly LossMessage[]): void;
  /** Called once, after the last message. */
  onEnd(): void;
}

type EndMessage = ResultMessage | AbortedMessage | ErrorMessage;

/** The starting point of a run that resumes another. */
export interface RunPast {
  snapshot: RunSnapshot;
  /** The device to resume on, if it differs. */
  device?: DeviceChoice;
}

/** Optional parameters of a run. */
export interface RunOptions {
  past?: RunPast;
  /** Whether the run with this id has a snapshot that nobody has resumed. */
  canResume?(id: string): boolean;
  /** The client that requested the run. */
  client?: string;
  /** Called for a listener that threw. The listener receives nothing more, and the run continues. */
  onListenerFault?(error: unknown): void;
}

/** A run, from queued to finished. `Runs` reports events to it, and it informs its listeners. */
export class Run {
  readonly id = `run_${crypto.randomUUID().slice(0, 8)}`;
  readonly #created = Date.now();
  #state: RunState = "queued";
  #started?: number;
  /** The same moment on a monotonic clock, for durations. */
  #startedAt = NaN;
  #ended?: number;
  #step = 0;
  #totalSteps: number;
  #position?: number;
  #accuracy?: number;
  #meanImagesPerSecond?: number;
  #device?: string;
  #modelId?: string;
  #exists?: ExistsMessage;
  #end?: EndMessage;
  #diverged = false;
  readonly #logs: LogMessage[] = [];
  readonly #losses = new LossHistory();
  readonly #listeners = new Set<RunListener>();
  readonly #abort = new AbortController();
  readonly #question = new Question();
  #attended = true;
  #sealed = false;

  /** Run whose snapshot can be resumed: this one's once saved, else its predecessor's. */
  resumeId?: string;
  readonly past?: RunPast;
  /** Drawings that are classified while the run trains. */
  readonly livePads = new LivePads();
  /** The client that requested the run; never disclosed. */
  readonly client: string;
  readonly #canResume: (id: string) => boolean;
  /**
   * Number of epochs that the model had been trained before, if this run trains a model further and the number is
   * known. Snapshots carry it, so that a resumed run needs no look at that model, which may be gone.
   */
  epochsBefore?: number;
  readonly #onListenerFault: (error: unknown) => void;

  constructor(readonly config: SeededConfig, totalSteps: number, options: RunOptions = {}) {
    const { past, canResume = () => false, onListenerFault = () => {}, client = "unknown" } = options;
    this.#totalSteps = totalSteps;
    this.past = past;
    this.client = client;
    this.#canResume = canResume;
    this.#onListenerFault = onListenerFault;
    if (past === undefined) return;
    const { step, accuracy, history } = past.snapshot;
    this.resumeId = history.run.id;
    this.epochsBefore = history.run.epochs_before ?? undefined;
    this.#step = step;
    this.#accuracy = accuracy ?? undefined;
    this.#logs.push(...history.logs);
    for (const point of history.losses) this.#losses.add(point);
  }

  get resumedFrom(): string | undefined {
    return this.past?.snapshot.history.run.id;
  }

  get state(): RunState {
    return this.#state;
  }

  get finished(): boolean {
    return FINISHED_STATES.includes(this.#state);
  }

  /** Aborted when the run should end; the reason is an `Error` whose message is for people. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get summary(): RunSummary {
    return {
      id: this.id,
      state: this.#state,
      config: this.config,
      created: this.#created,
      started: this.#started,
      ended: this.#ended,
      step: this.#step,
      total_steps: this.#totalSteps,
      place: this.#position,
      accuracy: this.#accuracy,
      device: this.#device,
      images_per_second: this.#meanImagesPerSecond,
      model_id: this.#modelId,
      message: this.#end?.type === "error" ? this.#end.message : undefined,
      epochs_before: this.epochsBefore,
      resumed_from: this.resumedFrom,
      resume: this.finished ? this.#resumable : undefined,
    };
  }

  get #resumable(): string | undefined {
    return this.resumeId !== undefined && this.#canResume(this.resumeId) ? this.resumeId : undefined;
  }

  /** The run so far: all that a client needs to join now. */
  get history(): HistoryMessage {
    return {
      type: "history",
      run: this.summary,
      losses: this.#losses.points,
      logs: this.#logs,
      exists: this.#exists,
      end: this.#end,
    };
  }

  /** The history as a later process will report it: with the requested end, if any. */
  get stoppedHistory(): HistoryMessage {
    const { run, losses, logs, end } = this.history;
    if (this.finished || !this.signal.aborted) return { type: "history", run, losses, logs, end };
    const { message } = this.signal.reason as Error;
    return { type: "history", run: { ...run, state: "aborted" }, losses, logs, end: { type: "aborted", message } };
  }

  /** Adds a listener for messages from now on. */
  subscribe(listener: RunListener) {
    this.#listeners.add(listener);
  }

  unsubscribe(listener: RunListener) {
    this.#listeners.delete(listener);
    this.livePads.remove(listener);
  }

  /** Tells listeners the id with which they can find the run again. */
  announce() {
    this.#emit({ type: "accepted", run_id: this.id, total_steps: this.#totalSteps });
  }

  log(message: string, fields: Omit<LogMessage, "type" | "message"> = {}) {
    const log: LogMessage = { type: "log", message, ...fields };
    this.#logs.push(log);
    this.#emit(log);
  }

  /** Asks the run to end. Returns false if it is over or its model is being stored. */
  abort(reason = "Training aborted by user."): boolean {
    if (this.#sealed || this.finished) return false;
    this.#abort.abort(new Error(reason));
    return true;
  }

  /** Like `abort`, but by any client: anyone who may use the lab may end a run that blocks it. */
  abortBy(client: string): boolean {
    return client === this.client ? this.abort() : this.abort("Training aborted from another address.");
  }

  /**
   * Rules out an abort from here on, because the model is about to be stored.
   *
   * @throws the signal's reason if it is aborted
   */
  seal() {
    this.signal.throwIfAborted();
    this.#sealed = true;
  }

  /**
   * Asks the client whether `existing` may be replaced. Returns false for no, for no answer in time, and if the client
   * is gone.
   *
   * @throws the signal's reason if the run is aborted meanwhile
   */
  async ask(existing: ModelRecord, timeoutMs: number): Promise<boolean> {
    this.signal.throwIfAborted();
    if (!this.#attended) return false;
    const stateBefore = this.#state;
    this.#state = "asking";
    this.#position = undefined;
    this.#exists = {
      type: "exists",
      message: `A model with this configuration is already stored: ${existing.id}. Overwrite it?`,
      existing,
    };
    const answer = this.#question.wait(this.signal, timeoutMs);
    this.#emit(this.#exists);
    try {
      return await answer;
    } finally {
      this.#exists = undefined;
      this.#state = stateBefore;
    }
  }

  /** Answers `exists`. Returns false if nothing was asked. */
  answer(overwrite: boolean): boolean {
    return this.#question.answer(overwrite);
  }

  /** Reports that the client that started the run is gone. The run continues, but there is nobody to ask. */
  leave() {
    this.#attended = false;
    this.answer(false);
  }

  /** Reports that the run is waiting at `position`, from 1, and describes what is `ahead` of it. */
  queue(position: number, ahead = "") {
    this.#state = "queued";
    this.#position = position;
    // The history keeps only the latest position, because a long queue would give many.
    if (this.#logs.at(-1)?.place !== undefined) this.#logs.pop();
    const place = position === 1 ? "Queued: next in line" : `Queued: place ${position} in line`;
    if (ahead === "") this.log(`${place}.`, { place: position });
    else this.log(`${place}, after ${ahead}.`, { place: position, after: ahead });
  }

  /** Reports that it is the run's turn. */
  begin() {
    this.#state = "running";
    this.#position = undefined;
    this.#started = Math.max(Date.now(), this.#created);
    this.#startedAt = performance.now();
    this.log(beginning(this.config, this.past?.snapshot.step));
  }

  /** Reports that the trainer is open. */
  start(start: TrainingStart) {
    this.#device = start.device;
    this.#totalSteps = start.totalSteps;
    this.log(deviceLine(start, this.config.num_epochs), { device: start.device });
  }

  addLosses(batch: LossBatch) {
    this.#meanImagesPerSecond = Math.round(batch.meanImagesPerSecond);
    const messages: LossMessage[] = [];
    batch.losses.forEach((value, index) => {
      this.#step = batch.firstStep + index;
      if (!this.#diverged && !Number.isFinite(value)) {
        this.#diverged = true;
        this.#emitLosses(messages.splice(0));
        this.log(`The loss is no longer a number at step ${this.#step}: a smaller learning rate may help.`);
      } else if (!isReported(this.#step, this.#totalSteps)) return;
      const message = lossMessage(batch, index, this.#totalSteps);
      this.#losses.add([message.step, message.loss]);
      messages.push(message);
    });
    this.#emitLosses(messages);
  }

  endEpoch({ epoch, meanLoss, accuracy }: EpochEnd) {
    this.#accuracy = accuracy;
    const fields = { epoch, mean_loss: readable(meanLoss), accuracy, seconds: this.#secondsTrained() };
    this.log(epochLine({ epoch, meanLoss, accuracy }, this.config.num_epochs), fields);
  }

  /** Includes the time of the run that this one resumes. */
  #secondsTrained(): number {
    const seconds = (performance.now() - this.#startedAt) / 1000 + (this.past?.snapshot.seconds ?? 0);
    return Math.round(seconds * 1000) / 1000;
  }

  /** The history to store with the model of this run, ending with `result`. */
  historyWith(result: ResultMessage): HistoryMessage {
    const { losses, logs } = this.history;
    const run: RunSummary = { ...this.summary, state: "done", ended: this.#now(), model_id: result.model_id };
    return { type: "history", run, losses: thinned(losses, KEPT_LOSSES), logs, end: result };
  }

  /** The history to keep of this run, which is about to fail with `message` and cannot be resumed. */
  historyOfFailure(message: string): HistoryMessage {
    const run: RunSummary = { ...this.summary, state: "failed", ended: this.#now(), message };
    return { ...this.history, run, end: { type: "error", message } };
  }

  endDone(result: ResultMessage) {
    this.#modelId = result.model_id;
    this.#finish("done", result);
  }

  endKept(existing: ModelRecord) {
    const instead = this.#started === undefined ? "nothing was trained" : "what was trained now is not stored";
    this.log(`The existing model ${existing.id} is kept; ${instead}.`);
    this.#finish("kept");
  }

  /**
   * Ends an aborted run; does nothing if it has already ended.
   *
   * @param options.isSettled whether no more snapshots will come
   */
  endAborted({ isSettled = false } = {}) {
    if (this.finished) return;
    if (this.#step > 0 && isSettled && this.resumeId === undefined) {
      this.log("Nothing is kept to resume from: the step under way would have taken too long.");
    }
    const message = (this.signal.reason as Error).message;
    this.#finish("aborted", { type: "aborted", message, step: this.#step, resume: this.#resumable });
  }

  endFailed(message: string, field?: string) {
    this.#finish("failed", { type: "error", message, field, resume: this.#resumable });
  }

  /** The current time, but never before an earlier event, because the clock may have been set back. */
  #now(): number {
    return Math.max(Date.now(), this.#started ?? this.#created);
  }

  #finish(state: RunState, end?: EndMessage) {
    this.#state = state;
    this.#ended = this.#now();
    this.#position = undefined;
    this.#end = end;
    if (end !== undefined) this.#emit(end);
    this.#tell((listener) => listener.onEnd());
    this.#listeners.clear();
  }

  #emit(message: ServerMessage) {
    this.#tell((listener) => listener.onMessage(message));
  }

  /** A long run has hundreds of losses a second, and may have hundreds of listeners. */
  #emitLosses(messages: readonly LossMessage[]) {
    if (messages.length === 0) return;
    this.#tell((listener) => {
      if (listener.onLosses !== undefined) listener.onLosses(messages);
      else messages.forEach((message) => this.#listeners.has(listener) && listener.onMessage(message));
    });
  }

  /** A failing listener, such as a terminal that is gone, must not end the run. */
  #tell(tell: (listener: RunListener) => void) {
    for (const listener of this.#listeners) {
      try {
        tell(listener);
      } catch (error) {
        this.unsubscribe(listener);
        this.#onListenerFault(error);
      }
    }
  }
}
