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

/** `starting`: asked for, not heard of yet. `stopping`: abort was asked for. The others are as the service names them. */
export type RunPhase = "idle" | "starting" | "stopping" | RunState;

const ACTIVE: readonly RunPhase[] = ["starting", "asking", "queued", "running", "stopping"];

/** What is known of one training, and what each message of the service changes in it. Knows neither socket nor DOM. */
export class RunStatus {
  readonly phase: Signal<RunPhase> = signal("idle");
  readonly active = computed(() => ACTIVE.includes(this.phase.value));
  /** Whether the run is heard of at the moment; it goes on in the lab either way. */
  readonly connected = signal(true);
  readonly id = signal<string | undefined>(undefined);
  readonly config = signal<TrainConfig | undefined>(undefined);
  readonly step = signal(0);
  readonly totalSteps = signal(0);
  /** At the moment; once the run has ended, its mean. */
  readonly imagesPerSecond = signal<number | undefined>(undefined);
  /** Backend that trains, as the service names it. */
  readonly device = signal<string | undefined>(undefined);
  readonly secondsLeft = signal<number | undefined>(undefined);
  /** Per cent of the test digits, after the last finished epoch. */
  readonly accuracy = signal<number | undefined>(undefined);
  /** Of the finished epochs, in order. */
  readonly epochs = signal<readonly EpochPoint[]>([]);
  /** From 1; the epoch under way. */
  readonly epoch = signal(0);
  /** Steps of the epoch under way, done and in all; undefined before the first. */
  readonly epochProgress = computed(() => {
    const epochs = this.config.value?.num_epochs, total = this.totalSteps.value, epoch = this.epoch.value;
    if (epochs === undefined || total === 0 || epoch === 0) return undefined;
    const steps = total / epochs;
    return { done: this.step.value - (epoch - 1) * steps, steps };
  });
  /** Place in the queue, from 1. */
  readonly place = signal<number | undefined>(undefined);
  readonly logs = signal<readonly string[]>([]);
  /** The stored duplicate, while the phase is `asking`. */
  readonly existing = signal<ModelRecord | undefined>(undefined);
  readonly result = signal<ResultMessage | undefined>(undefined);
  /** Why it ended without a result. */
  readonly reason = signal<string | undefined>(undefined);
  /** What to send to go on where it stopped, once it ended without a result and the lab has kept its state. */
  readonly resumable = signal<string | undefined>(undefined);
  /** What the model said last to the drawing that is watched. */
  readonly guess = signal<GuessMessage | undefined>(undefined);
  readonly losses = new LossSeries();
  /** Changes whenever `losses` did. */
  readonly lossesVersion = signal(0);
  #meanImagesPerSecond: number | undefined;
  /** Whether the service keeps the stored duplicate unless it is told otherwise. */
  protected keepsExisting = false;

  /** Nothing is known yet of a run that was just asked for. */
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
          this.place,
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

  /** Messages of a type that this page does not know are ignored, as the protocol asks. */
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
    this.place.value = message.place;
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
    this.place.value = run.place;
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
      // An end that was told long ago does not know what has become of the checkpoint.
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

  /** News of a run that is being aborted changes figures, but not what the page says about it. */
  protected enter(phase: RunPhase): void {
    if (this.phase.value !== "stopping") this.phase.value = phase;
  }

  protected end(phase: RunPhase, reason?: string): void {
    this.phase.value = phase;
    this.reason.value = reason;
    this.existing.value = undefined;
    this.imagesPerSecond.value = this.#meanImagesPerSecond ?? this.imagesPerSecond.value;
    this.secondsLeft.value = undefined;
    this.connected.value = true;
  }
}

/** What the logs at the ends of epochs tell. */
function epochsOf(logs: readonly LogMessage[]): EpochPoint[] {
  return logs.flatMap(({ epoch, accuracy, mean_loss }) =>
    epoch === undefined || accuracy === undefined ? [] : [{ epoch, accuracy, meanLoss: mean_loss }]
  );
}

/** Epoch, from 1, in which `step` (from 1) lies. */
function currentEpoch(step: number, totalSteps: number, epochs: number): number {
  return totalSteps === 0 ? 0 : Math.max(1, Math.ceil(step / (totalSteps / epochs)));
}
