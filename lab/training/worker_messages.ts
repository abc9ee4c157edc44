/** What the training worker and its client say to each other. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { TrainerOptions } from "../../core/training/trainer.ts";
import type { TrainingState } from "../../core/training/training_state.ts";
import type { DeviceChoice } from "../../protocol/mod.ts";
import type { LoopProgress } from "./training_loop.ts";

/** All that decides a training besides the dataset. */
export interface TrainingJob extends Omit<TrainerOptions, "dataset" | "device" | "threads" | "resume"> {
  device: DeviceChoice;
  threads: number;
  /** The drawings that are watched, as `WatchBoard` lays them out. */
  watched: SharedArrayBuffer;
  /** Where to go on from. */
  resume?: Snapshot;
}

/** A training between two steps: what it takes to go on from there as if it had never stopped. */
export interface Snapshot extends TrainingState {
  progress: LoopProgress;
  /** Trained so far, with opening and evaluating. */
  seconds: number;
}

export interface TrainingStart {
  device: string;
  /** Why this device, in words. */
  reason: string;
  totalSteps: number;
  /** Set to 1, it makes a long step return early; the stop flag of `open` still has to be set for the training to end. */
  stop?: Int32Array<SharedArrayBuffer>;
}

/** The losses of consecutive steps of one epoch. */
export interface LossBatch {
  /** From 1. */
  firstStep: number;
  losses: Float32Array;
  /** From 1. */
  epoch: number;
  imagesPerSecond: number;
  /** Over all steps so far. */
  meanImagesPerSecond: number;
  /** Undefined while the first steps say nothing about those to come. */
  secondsLeft?: number;
}

export interface EpochEnd {
  /** From 1. */
  epoch: number;
  /** Mean of the losses of the epoch's steps. */
  meanLoss: number;
  /** Per cent of the test digits. */
  accuracy: number;
}

/** The answer to one drawing of the board. */
export interface Guess {
  place: number;
  /** The drawing's, so that no answer is taken for that of the next one. */
  number: number;
  /** Steps done. */
  step: number;
  /** Ten. */
  probabilities: Float32Array;
}

export interface TrainedModel {
  weights: NamedTensor[];
  /** Per cent of the test digits, after the last epoch. */
  accuracy: number;
  /** Seconds, with opening and evaluating. */
  trainingTime: number;
  /** From where to try again, should it not be possible to store it. */
  snapshot?: Snapshot;
}

export type ToWorker =
  /** First message: where the digits are, and one int32 that turns 1 when the current job shall stop. */
  | { type: "open"; dataDir: string; stopFlag: SharedArrayBuffer }
  | { type: "train"; job: TrainingJob };

export type FromWorker =
  /** Answer to `open`. */
  | { type: "ready"; trainImages: number }
  | { type: "unreadable"; message: string }
  /** In the course of `train`. */
  | { type: "start"; start: TrainingStart }
  | { type: "losses"; batch: LossBatch }
  | { type: "epoch"; end: EpochEnd }
  | { type: "guess"; guess: Guess }
  | { type: "snapshot"; snapshot: Snapshot }
  /** The stop flag was seen between two steps; the snapshot follows, then `stopped`. */
  | { type: "stopping" }
  /** The last answer to `train` is one of these. */
  | { type: "trained"; model: TrainedModel }
  | { type: "stopped" }
  | { type: "failed"; message: string };
