import { batch, computed, type Signal, signal } from "@preact/signals";
import type {
  GuessMessage,
  HistoryMessage,
  LogMessage,
  LossMessage,
  ModelRecord,
  ResultMessage,
  RunState,
  ServerMessage,
  TrainConfig,
} from "../../../protocol/mod.ts";
import type { EpochPoint } from "../../shared/charts/accuracy_chart.ts";
import { LossSeries } from "../../shared/charts/loss_series.ts";

/** The state of a run on the page: the service's, `starting` before its first message, `stopping` after an abort. */
export type RunPhase = "idle" | "starting" | "stopping" | RunState;

const ACTIVE: readonly RunPhase[] = ["starting", "asking", "queued", "running", "stopping"];

/** What the page knows about one run, updated by the service's messages. Needs neither sockets nor DOM. */
export class RunStatus {
  readonly phase: Signal<RunPhase> = signal("idle");
  /** Whether the run has not ended. */
  readonly active = computed(() => ACTIVE.includes(this.phase.value));
  /** Whether the page is connected to the run. Without a connection, the run continues in the lab. */
  readonly connected = signal(true);
  readonly id = signal<string | undefined>(undefined);
  readonly config = signal<TrainConfig | undefined>(undefined);
  readonly step = signal(0);
  readonly totalSteps = signal(0);
  /** The current speed, or the mean once the run has ended. */
  readonly imagesPerSecond = signal<number | undefined>(undefined);
  /** The backend that trains, such as `wasm`. */
  readonly device = signal<string | undefined>(undefined);
  readonly secondsLeft = signal<number | undefined>(undefined);
  /** Per cent of the test digits, after the latest finished epoch. */
  readonly accuracy = signal<number | undefined>(undefined);
  /** The finished epochs, in order. */
  readonly epochs = signal<readonly EpochPoint[]>([]);
  /** The current epoch, from 1; 0 before the first step. */
  readonly epoch = signal(0);
  /** Steps of the current epoch, done and in total; undefined before the first step. */
  readonly epochProgress = computed(() => {
    const epochs = this.config.value?.num_epochs, total = this.totalSteps.value, epoch = this.epoch.value;
    if (epochs === undefined || total === 0 || epoch === 0) return undefined;
    const steps = total / epochs;
    return { done: this.step.value - (epoch - 1) * steps, steps };
  });
  /** Position in the queue, from 1. */
  readonly position = signal<number | undefined>(undefined);
  /** While queued, says whose training is in progress and how many wait before this one. */
  readonly after = signal<string | undefined>(undefined);
  readonly logs = signal<readonly string[]>([]);
  /** The stored duplicate, while the phase is `asking`. */
  readonly existing = signal<ModelRecord | undefined>(undefined);
  readonly result = signal<ResultMessage | undefined>(undefined);
  /** Why the run ended without a result. */
  readonly reason = signal<string | undefined>(undefined);
  /** Id of the run to resume, once this one has ended without a result and the lab has a snapshot of it. */
  readonly resumable = signal<string | undefined>(undefined);
  /** The latest answer to the drawing on the live pad. */
  readonly guess = signal<GuessMessage | undefined>(undefined);
  readonly losses = new LossSeries();
  /** Changes whenever `losses` does. */
  readonly lossesVersion = signal(0);
  #meanImagesPerSecond: number | undefined;
  /** Whether the service will keep the stored duplicate unless it is told to overwrite it. */
  protected keepsExisting = false;

  /** Forgets everything, for a run that was just requested. */
  protected forget(): void {
    batch(() => {
      this.phase.value = "starting";
      this.step.value = this.totalSteps.value = this.epoch.value = 0;
      for (
        const each of [
          this.id,
          this.config,
          this.imagesPerSecond,
          this.device,
          this.secondsLeft,
          this.accuracy,
          this.position,
          this.after,
          this.existing,
          this.result,
          this.reason,
          this.resumable,
          this.guess,
        ] as Signal<undefined>[]
      ) each.value = undefined;
      this.#meanImagesPerSecond = undefined;
      this.logs.value = [];
      this.epochs.value = [];
      this.losses.clear();
      this.lossesVersion.value++;
    });
  }

  /** Processes a message from the service. Unknown types are ignored, as the protocol requires. */
  protected receive(message: ServerMessage): void {
    switch (message.type) {
      case "accepted":
        this.id.value = message.run_id;
        this.totalSteps.value = message.total_steps;
        break;
      case "exists":
        this.existing.value = message.existing;
        this.keepsExisting = true;
        this.enter("asking");
        break;
      case "log":
        this.#receiveLog(message);
        break;
      case "loss":
        this.#receiveLoss(message);
        break;
      case "guess":
        this.guess.value = message;
        break;
      case "history":
        this.#receiveHistory(message);
        break;
      case "result":
        this.#receiveResult(message);
        break;
      case "aborted":
        this.step.value = message.step ?? this.step.value;
        this.end("aborted", message.message);
        this.resumable.value = message.resume;
        break;
      case "error":
        this.end("failed", message.message);
        this.resumable.value = message.resume;
        break;
    }
  }

  #receiveLog(message: LogMessage): void {
    this.logs.value = [...this.logs.value, message.message];
    if (message.accuracy !== undefined) this.accuracy.value = message.accuracy;
    this.device.value = message.device ?? this.device.value;
    const ended = epochsOf([message]).filter(({ epoch }) => epoch > (this.epochs.value.at(-1)?.epoch ?? 0));
    if (ended.length > 0) this.epochs.value = [...this.epochs.value, ...ended];
    this.position.value = message.place;
    this.after.value = message.after;
    if (message.place !== undefined) this.enter("queued");
    else if (this.phase.value === "queued") this.enter("starting");
  }

  #receiveLoss(message: LossMessage): void {
    for (const [step, loss] of message.losses ?? []) this.losses.push(step, loss);
    this.losses.push(message.step, message.loss);
    this.lossesVersion.value++;
    this.step.value = message.step;
    this.epoch.value = message.epoch;
    this.totalSteps.value = message.total_steps;
    this.imagesPerSecond.value = message.images_per_second ?? this.imagesPerSecond.value;
    this.#meanImagesPerSecond = message.mean_images_per_second ?? this.#meanImagesPerSecond;
    this.secondsLeft.value = message.seconds_left ?? this.secondsLeft.value;
    this.enter("running");
  }

  #receiveHistory({ run, losses, logs, exists, end }: HistoryMessage): void {
    this.connected.value = true;
    this.id.value = run.id;
    this.config.value = run.config;
    this.step.value = run.step;
    this.totalSteps.value = run.total_steps;
    this.position.value = run.place;
    this.after.value = logs.findLast(({ place }) => place !== undefined)?.after;
    this.accuracy.value = run.accuracy;
    this.epoch.value = currentEpoch(run.step, run.total_steps, run.config.num_epochs);
    this.device.value = run.device;
    this.#meanImagesPerSecond = this.imagesPerSecond.value = run.images_per_second;
    this.epochs.value = epochsOf(logs);
    this.logs.value = logs.map((log) => log.message);
    this.losses.clear();
    for (const [step, loss] of losses) this.losses.push(step, loss);
    this.lossesVersion.value++;
    this.existing.value = exists?.existing;
    this.keepsExisting = exists !== undefined;
    if (end) {
      this.receive(end);
      // The snapshot may have gone since the run ended.
      this.resumable.value = run.resume;
    } else if (run.state === "kept" || run.state === "aborted" || run.state === "failed") {
      this.end(run.state, run.message);
    } else this.enter(run.state);
  }

  #receiveResult(result: ResultMessage): void {
    this.result.value = result;
    this.accuracy.value = result.accuracy;
    this.device.value = result.device;
    this.id.value = result.run_id;
    this.end("done");
  }

  /** Changes the phase, except that a run stays `stopping` until it has ended. */
  protected enter(phase: RunPhase): void {
    if (this.phase.value !== "stopping") this.phase.value = phase;
  }

  /** Ends the run. */
  protected end(phase: RunPhase, reason?: string): void {
    this.phase.value = phase;
    this.reason.value = reason;
    this.existing.value = undefined;
    this.imagesPerSecond.value = this.#meanImagesPerSecond ?? this.imagesPerSecond.value;
    this.secondsLeft.value = undefined;
    this.connected.value = true;
  }
}

/** The points of the accuracy curve, from the logs at the ends of epochs. */
function epochsOf(logs: readonly LogMessage[]): EpochPoint[] {
  return logs.flatMap(({ epoch, accuracy, mean_loss }) =>
    epoch === undefined || accuracy === undefined ? [] : [{ epoch, accuracy, meanLoss: mean_loss }]
  );
}

/** The epoch, from 1, of `step`, from 1. */
function currentEpoch(step: number, totalSteps: number, epochs: number): number {
  return totalSteps === 0 ? 0 : Math.max(1, Math.ceil(step / (totalSteps / epochs)));
}
