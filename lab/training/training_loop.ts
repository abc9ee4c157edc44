/** The training loop: runs steps in chunks, reports losses, and checks the stop flag in between. */
import { concatFloats } from "../../core/bytes.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import type { Trainer } from "../../core/training/trainer.ts";
import { DivergedError, type Divergence, type LoopProgress, type TrainingEvents } from "./training_job.ts";

/** At most about thirty reports a second: more would keep the service busy without being visible. */
const POST_INTERVAL_MS = 33;

/**
 * Estimate before the first evaluation: a sixth of an epoch's images, each taking about a third as long as in a step.
 */
const EVALUATION_STEPS_SHARE = 1 / 18;

/** The parts of a trainer that the loop needs. */
export type LoopTrainer = Pick<
  Trainer,
  | "device"
  | "threads"
  | "step"
  | "stepsPerEpoch"
  | "totalSteps"
  | "lastBatchShare"
  | "run"
  | "evaluate"
  | "weights"
  | "stop"
>;

/** Work to do from time to time between two runs of the trainer, such as taking a snapshot. */
export interface Pause {
  /** Whether the work is due. */
  due(): boolean;
  /** Does the work. Called only while no run is in progress. */
  take(): Promise<void>;
}

/** How to train. */
export interface LoopOptions {
  /** The trainer's progress; by default it is at the start. */
  progress?: LoopProgress;
  pauses?: readonly Pause[];
}

/** Whether a run was interrupted within a step, which makes the trainer's state unusable. */
export function isTorn({ stop }: Pick<Trainer, "stop">): boolean {
  return stop !== undefined && Atomics.load(stop, 0) !== 0;
}

/**
 * Trains to the end and returns the accuracy after the last epoch, in per cent of the test digits; undefined if
 * `shouldStop` returned true first. It is called before and after every chunk and during evaluation. No run is in
 * progress when this settles, and unless the trainer `isTorn`, its state and `progress` are those of the last step
 * reported. `trainImages` is the number of images in an epoch.
 *
 * @throws {DivergedError} as soon as a loss, or after an epoch a weight or an answer, is not finite
 */
export async function runTraining(
  trainer: LoopTrainer,
  trainImages: number,
  events: Pick<TrainingEvents, "onLosses" | "onEpoch">,
  shouldStop: () => boolean,
  { progress = { epochsDone: 0, lossSum: 0 }, pauses = [] }: LoopOptions = {},
): Promise<number | undefined> {
  const pace = new Pace();
  const epochs = trainer.totalSteps / trainer.stepsPerEpoch;
  const latest: LatestLoss = {};
  let evaluationMs: number | undefined;
  const imagesPerSecond = (msPerStep: number) => (trainImages / trainer.stepsPerEpoch) * 1000 / msPerStep;
  const secondsLeft = (epoch: number) => {
    const evaluation = evaluationMs ?? trainer.stepsPerEpoch * EVALUATION_STEPS_SHARE * pace.msPerStep;
    return ((trainer.totalSteps - trainer.step) * pace.msPerStep + (epochs - epoch + 1) * evaluation) / 1000;
  };
  while (progress.epochsDone < epochs) {
    const epoch = progress.epochsDone + 1;
    const lastStep = epoch * trainer.stepsPerEpoch;
    const report = (firstStep: number, losses: Float32Array) =>
      events.onLosses({
        firstStep,
        losses,
        epoch,
        imagesPerSecond: imagesPerSecond(pace.msPerStep),
        meanImagesPerSecond: imagesPerSecond(pace.meanMsPerStep),
        secondsLeft: pace.isWarm ? secondsLeft(epoch) : undefined,
        threads: trainer.threads,
      });
    if (!await runEpoch(trainer, lastStep, { pace, progress, latest, pauses, report, shouldStop })) return undefined;
    const began = performance.now();
    const diverged = (found: Divergence["found"]) =>
      new DivergedError({ step: trainer.step, found, lossBefore: latest.loss });
    if (!areFinite(await trainer.weights())) throw diverged("weights");
    const accuracy = await trainer.evaluate(shouldStop);
    if (accuracy === undefined || shouldStop()) return undefined;
    if (!Number.isFinite(accuracy)) throw diverged("answers");
    evaluationMs = performance.now() - began;
    const meanLoss = progress.lossSum / (trainer.stepsPerEpoch - 1 + trainer.lastBatchShare);
    Object.assign(progress, { epochsDone: epoch, lossSum: 0, accuracy });
    events.onEpoch({ epoch, meanLoss, accuracy });
  }
  return progress.accuracy;
}

/** Whether every number of `tensors` is finite. */
export function areFinite(tensors: readonly NamedTensor[]): boolean {
  for (const { data } of tensors) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  }
  return true;
}

/** The last loss that was read back. */
interface LatestLoss {
  loss?: number;
}

interface EpochOptions {
  pace: Pace;
  progress: LoopProgress;
  latest: LatestLoss;
  pauses: readonly Pause[];
  report(firstStep: number, losses: Float32Array): void;
  shouldStop(): boolean;
}

/**
 * Runs up to `lastStep`. Returns false if it stopped earlier; throws a `DivergedError` if a loss was not finite. On a
 * GPU the next chunk is submitted before the losses of the last are awaited, so that the GPU never waits.
 */
async function runEpoch(
  trainer: LoopTrainer,
  lastStep: number,
  { pace, progress, latest, pauses, report, shouldStop }: EpochOptions,
): Promise<boolean> {
  let unreported: Float32Array[] = [];
  let reportedUpTo = trainer.step;
  let reportedAt = -Infinity;
  let received = trainer.step;
  let began = performance.now();
  const flush = () => {
    if (unreported.length > 0) report(reportedUpTo + 1, concatFloats(unreported));
    unreported = [];
    reportedUpTo = received;
    reportedAt = performance.now();
  };
  const runNext = () => trainer.step < lastStep && !shouldStop() ? trainer.run(pace.chunkSteps) : undefined;
  let next: Promise<Float32Array> | undefined;
  try {
    for (let pending = runNext(); pending !== undefined; pending = next ?? runNext()) {
      const due = pauses.filter((pause) => pause.due());
      next = trainer.device === "webgpu" && due.length === 0 ? runNext() : undefined;
      // If it fails before it is awaited, report the failure of `pending`.
      next?.catch(() => {});
      const losses = await pending;
      // An interrupted run returns whatever an earlier one left in memory.
      if (isTorn(trainer)) return false;
      const now = performance.now();
      pace.took(losses.length, now - began);
      began = now;
      const bad = losses.findIndex((loss) => !Number.isFinite(loss));
      if (bad >= 0) {
        received += bad + 1;
        unreported.push(losses.subarray(0, bad + 1));
        flush();
        throw new DivergedError({ step: received, found: "loss", lossBefore: bad > 0 ? losses[bad - 1] : latest.loss });
      }
      received += losses.length;
      latest.loss = losses.at(-1);
      for (const loss of losses) progress.lossSum += loss;
      // The mean is over images, and a short batch has fewer of them.
      if (received === lastStep) progress.lossSum -= losses.at(-1)! * (1 - trainer.lastBatchShare);
      unreported.push(losses);
      if (now - reportedAt >= POST_INTERVAL_MS || received >= lastStep) flush();
      if (due.length > 0) {
        flush();
        for (const pause of due) await pause.take();
        began = performance.now();
      }
    }
  } finally {
    await next?.catch(() => {});
  }
  flush();
  return received >= lastStep;
}

/**
 * Least time between two snapshots: at most this much is lost in a crash or by a step that takes too long to finish.
 */
const SNAPSHOT_INTERVAL_MS = 10_000;
/** Snapshots of large models take at most about this share of the time. */
const SNAPSHOT_SHARE = 0.02;

/** Takes snapshots at regular intervals, less often if they take long. */
export class SnapshotTimer implements Pause {
  readonly #keep: () => Promise<void>;
  readonly #intervalMs: number;
  readonly #now: () => number;
  #dueAt: number;

  /** @param now milliseconds; another clock in tests */
  constructor(keep: () => Promise<void>, intervalMs = SNAPSHOT_INTERVAL_MS, now = () => performance.now()) {
    this.#keep = keep;
    this.#intervalMs = intervalMs;
    this.#now = now;
    this.#dueAt = now() + intervalMs;
  }

  due(): boolean {
    return this.#now() >= this.#dueAt;
  }

  async take(): Promise<void> {
    const began = this.#now();
    await this.#keep();
    const took = this.#now() - began;
    this.#dueAt = this.#now() + Math.max(this.#intervalMs, took / SNAPSHOT_SHARE);
  }
}

const CHUNK_MS = 20;
const MAX_CHUNK_STEPS = 4096;
/** The weight of past values falls by a factor of e in this time. */
const MEMORY_MS = 2000;
/** The first steps compile code and fill caches. For this long they do not predict later ones. */
const WARM_UP_MS = 250;

/** Tracks the speed of a training run through changes such as warming up or a busy machine. */
export class Pace {
  /** Time and steps so far, with older ones weighted less. */
  #ms = 0;
  #steps = 0;
  #chunk = 1;
  #allMs = 0;
  #allSteps = 0;
  #isWarm = false;

  /** Number of steps to run next, for about 20 ms; at first a single step, so that its loss comes at once. */
  get chunkSteps(): number {
    return this.#chunk;
  }

  /** Milliseconds; 0 before the first chunk. */
  get msPerStep(): number {
    return this.#steps === 0 ? 0 : this.#ms / this.#steps;
  }

  /** Milliseconds, over all steps so far; 0 before the first chunk. */
  get meanMsPerStep(): number {
    return this.#allSteps === 0 ? 0 : this.#allMs / this.#allSteps;
  }

  /** Whether `msPerStep` predicts later steps; until then it is the latest chunk's value. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** Reports that `steps` steps took `ms` milliseconds. */
  took(steps: number, ms: number) {
    const latest = Math.max(ms, 0.001) / steps;
    const past = this.#isWarm ? Math.exp(-ms / MEMORY_MS) : 0;
    this.#isWarm = this.#allMs > WARM_UP_MS;
    this.#allMs += Math.max(ms, 0.001);
    this.#allSteps += steps;
    this.#ms = past * this.#ms + Math.max(ms, 0.001);
    this.#steps = past * this.#steps + steps;
    // Uses the latest speed, because the remembered one reacts late when the machine gets busy.
    const wanted = Math.floor(CHUNK_MS / latest);
    this.#chunk = Math.max(1, Math.min(wanted, this.#chunk * 2, MAX_CHUNK_STEPS));
  }
}
