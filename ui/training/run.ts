import { batch, computed, type Signal, signal } from "@preact/signals";
import type {
  ClientMessage,
  GuessMessage,
  HistoryMessage,
  LogMessage,
  LossMessage,
  ModelRecord,
  ResultMessage,
  ResumeRequest,
  RunState,
  RunSummary,
  ServerMessage,
  TrainConfig,
} from "../../protocol/mod.ts";
import type { EpochPoint } from "../charts/accuracy_chart.ts";
import { LossSeries } from "../charts/loss_series.ts";
import type { LabConnection, LabSocket } from "../lab/connection.ts";

/** `starting`: asked for, not heard of yet. `stopping`: abort was asked for. The others are as the service names them. */
export type RunPhase = "idle" | "starting" | "stopping" | RunState;

const ACTIVE: readonly RunPhase[] = ["starting", "asking", "queued", "running", "stopping"];

/** Waiting times before each attempt to find a lost run again, in ms; the last one repeats. */
const RETRY_DELAYS = [250, 500, 1000, 2000, 4000];

/** When to ask for a checkpoint that was not there yet at the end of its run, in ms. */
const CHECKPOINT_DELAY = 1500;

const NORMAL_CLOSURE = 1000;

export const UNREACHABLE = "The training service cannot be reached. Check that it is running, then try again.";

/** One training as this page follows it, whichever socket tells of it. Knows no DOM. */
export class Run {
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
  #meanImagesPerSecond: number | undefined;
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

  readonly #connection: LabConnection;
  #socket: LabSocket | undefined;
  /** Whether the socket takes messages yet. */
  #isOpen = false;
  /** Events of sockets of an earlier generation are ignored. */
  #generation = 0;
  #cancelRetry = () => {};
  /** Attempts to find the run again since it was last heard of. */
  #attempts = 0;
  /** The drawing that the lab is asked about while it trains, as it travels. */
  #watched: string | null = null;
  /** Whether the service keeps the stored duplicate unless it is told otherwise. */
  #keepsExisting = false;

  constructor(connection: LabConnection) {
    this.#connection = connection;
  }

  /** Asks the lab to train `config`. */
  start(config: TrainConfig): void {
    this.#reset();
    this.config.value = config;
    this.#open("/ws/train", () => {
      this.#send(config);
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    });
  }

  /** Asks the lab to go on where the run stopped. The curve and the log go on too. */
  resume(): void {
    const resume = this.resumable.value;
    if (resume === undefined || this.active.value) return;
    this.#leave();
    batch(() => {
      this.phase.value = "starting";
      this.id.value = this.reason.value = this.resumable.value = undefined;
    });
    this.#open("/ws/train", () => {
      this.#send({ resume });
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    });
  }

  /** Follows a run that the lab already knows. */
  follow(id: string): void {
    this.#reset();
    this.id.value = id;
    this.#open(runPath(id));
  }

  /** Asks for the end of the run; while there is no connection, as soon as there is one. */
  abort(): void {
    if (!this.active.value) return;
    this.phase.value = "stopping";
    this.#send({ type: "abort" });
  }

  /** Answers the question whether the stored duplicate may be replaced. */
  answerOverwrite(value: boolean): void {
    if (this.phase.value !== "asking") return;
    this.#keepsExisting = !value;
    this.phase.value = "starting";
    this.#send({ type: "overwrite", value });
  }

  /** Has the model asked about 784 bytes of ink for as long as it trains, in this run and in the next ones; undefined: no more. */
  watch(pixels: Uint8Array | undefined): void {
    this.#watched = pixels === undefined ? null : btoa(String.fromCharCode(...pixels));
    // While it trains, the next answer takes the place of the last.
    if (pixels === undefined || !this.active.value) this.guess.value = undefined;
    this.#send({ type: "watch", pixels: this.#watched });
  }

  /** Nothing more is heard of the run so far. */
  #leave(): void {
    this.#generation++;
    this.#cancelRetry();
    this.#socket?.close();
    this.#socket = undefined;
    this.#attempts = 0;
    this.#keepsExisting = false;
    this.connected.value = true;
  }

  #reset(): void {
    this.#leave();
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

  #open(path: string, whenOpen = () => {}): void {
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#isOpen = false;
    this.#socket = this.#connection.openSocket(path, {
      opened: () => {
        if (!isCurrent()) return;
        this.#isOpen = true;
        whenOpen();
        if (this.#watched !== null) this.#send({ type: "watch", pixels: this.#watched });
      },
      message: (text) => isCurrent() && batch(() => this.#receive(JSON.parse(text))),
      closed: (code) => isCurrent() && this.#closed(code),
    });
  }

  #send(message: ClientMessage | TrainConfig | ResumeRequest): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(message));
  }

  #closed(code: number): void {
    const opened = this.#isOpen;
    this.#socket = undefined;
    this.#isOpen = false;
    if (!this.active.value) return;
    const id = this.id.value;
    if (code === NORMAL_CLOSURE && this.#keepsExisting && this.phase.value !== "stopping") {
      this.#end("kept");
    } else if (id === undefined) {
      this.#end("failed", opened ? "The connection broke before the lab took the training. Try again." : UNREACHABLE);
    } else {
      this.connected.value = false;
      this.#findAgain(id);
    }
  }

  #findAgain(id: string): void {
    const generation = this.#generation;
    const delay = RETRY_DELAYS[Math.min(this.#attempts++, RETRY_DELAYS.length - 1)];
    this.#cancelRetry = this.#connection.after(delay, async () => {
      const runs = await listRuns(this.#connection);
      if (generation !== this.#generation) return;
      if (runs === undefined) this.#findAgain(id);
      else if (runs.some((run) => run.id === id)) this.#open(runPath(id));
      else this.#end("failed", "The lab no longer knows this run; it was probably restarted.");
    });
  }

  /** Messages of a type that this page does not know are ignored, as the protocol asks. */
  #receive(message: ServerMessage): void {
    switch (message.type) {
      case "accepted":
        this.id.value = message.run_id;
        this.totalSteps.value = message.total_steps;
        break;
      case "exists":
        this.existing.value = message.existing;
        this.#keepsExisting = true;
        this.#enter("asking");
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
        this.#end("aborted", message.message);
        this.#offerToResume(message.resume);
        break;
      case "error":
        this.#end("failed", message.message);
        this.#offerToResume(message.resume);
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
    if (message.place !== undefined) this.#enter("queued");
    else if (this.phase.value === "queued") this.#enter("starting");
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
    this.#enter("running");
  }

  #receiveHistory({ run, losses, logs, exists, end }: HistoryMessage): void {
    this.connected.value = true;
    this.#attempts = 0;
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
    this.#keepsExisting = exists !== undefined;
    if (end) {
      this.#receive(end);
      // An end that was told long ago does not know what has become of the checkpoint.
      this.resumable.value = run.resume;
    } else if (run.state === "kept" || run.state === "aborted" || run.state === "failed") {
      this.#end(run.state, run.message);
    } else if (this.phase.value === "stopping") this.#send({ type: "abort" });
    else this.#enter(run.state);
  }

  #receiveResult(result: ResultMessage): void {
    this.result.value = result;
    this.accuracy.value = result.accuracy;
    this.device.value = result.device;
    this.id.value = result.run_id;
    this.#end("done");
  }

  /** A large state takes longer to keep than an abort may: then the lab is asked a little later. */
  #offerToResume(resume: string | undefined): void {
    this.resumable.value = resume;
    const id = this.id.value, generation = this.#generation;
    if (resume !== undefined || id === undefined || this.step.value === 0) return;
    this.#cancelRetry = this.#connection.after(CHECKPOINT_DELAY, async () => {
      const runs = await listRuns(this.#connection);
      if (generation === this.#generation) this.resumable.value = runs?.find((run) => run.id === id)?.resume;
    });
  }

  /** News of a run that is being aborted changes figures, but not what the page says about it. */
  #enter(phase: RunPhase): void {
    if (this.phase.value !== "stopping") this.phase.value = phase;
  }

  #end(phase: RunPhase, reason?: string): void {
    this.phase.value = phase;
    this.reason.value = reason;
    this.existing.value = undefined;
    this.imagesPerSecond.value = this.#meanImagesPerSecond ?? this.imagesPerSecond.value;
    this.secondsLeft.value = undefined;
    this.connected.value = true;
  }
}

/** The lab's runs, newest first; undefined when it cannot be asked. */
export async function listRuns(connection: LabConnection): Promise<RunSummary[] | undefined> {
  const reply = await connection.request("/api/runs").catch(() => undefined);
  return reply?.status === 200 && Array.isArray(reply.body) ? reply.body : undefined;
}

function runPath(id: string): string {
  return `/ws/runs/${encodeURIComponent(id)}`;
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
