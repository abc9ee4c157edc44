/** The interface between a run and the engine that trains it. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { TrainerOptions } from "../../core/training/trainer.ts";
import type { TrainingState } from "../../core/training/training_state.ts";
import type { DeviceChoice } from "../../protocol/mod.ts";

/** Everything that determines a training run, except the dataset. */
export interface TrainingJob extends Omit<TrainerOptions, "dataset" | "device" | "threads" | "resume"> {
  device: DeviceChoice;
  threads: number;
  /** The memory of a `LivePadBoard`: drawings to classify while the run trains. */
  livePads: SharedArrayBuffer;
  /** Snapshot to resume from. */
  resume?: Snapshot;
}

/** The progress of a training run, besides its step. The loop keeps it up to date. */
export interface LoopProgress {
  /** Number of epochs whose steps and evaluation are done. */
  epochsDone: number;
  /** Sum of the losses since the last of them. */
  lossSum: number;
  /** Per cent, after the last of them. */
  accuracy?: number;
}

/** A training run between two steps: everything needed to resume it to the same bits. */
export interface Snapshot extends TrainingState {
  progress: LoopProgress;
  /** Seconds trained so far, including opening and evaluating. */
  seconds: number;
}

/** Facts that are known once the trainer is open. */
export interface TrainingStart {
  device: string;
  /** Why this device was chosen, as text for the log. */
  reason: string;
  totalSteps: number;
  /**
   * Setting it to 1 makes a long step return early; the stop flag of `open` must also be set for the training to end.
   */
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
  /** Undefined during the first steps, which do not predict later ones. */
  secondsLeft?: number;
  /** How many threads run the steps at present, on WASM. */
  threads?: number;
}

/** The result of one epoch. */
export interface EpochEnd {
  /** From 1. */
  epoch: number;
  /** Mean of the losses of the epoch's steps. */
  meanLoss: number;
  /** Per cent of the test digits. */
  accuracy: number;
}

/** The model's answer to a drawing on a live pad. */
export interface LivePadAnswer {
  /** The pad's slot on its board. */
  slot: number;
  /** The drawing's number, so that an answer is not mistaken for one to the next drawing. */
  number: number;
  /** Steps done. */
  step: number;
  /** Ten. */
  probabilities: Float32Array;
}

/** The result of a finished training. */
export interface TrainedModel {
  weights: NamedTensor[];
  /** Per cent of the test digits, after the last epoch. */
  accuracy: number;
  /** Seconds, including opening and evaluating. */
  trainingTime: number;
  /** Snapshot to resume from if the model cannot be stored. */
  snapshot?: Snapshot;
}

/** Callbacks during a training run. */
export interface TrainingEvents {
  onStart(start: TrainingStart): void;
  onLosses(batch: LossBatch): void;
  onEpoch(end: EpochEnd): void;
  onLivePad(answer: LivePadAnswer): void;
  /** Called from time to time, and once more if an abort was noticed between two steps. */
  onSnapshot(snapshot: Snapshot): void;
}

/** Thrown if a training run could not be finished; the message is for people. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

/** What was not finite, and when. */
export interface Divergence {
  /** The first step whose loss was not finite, or after which the weights were unusable. */
  step: number;
  found: "loss" | "weights" | "answers";
  /** The last finite loss, if there was one. */
  lossBefore?: number;
}

/** Thrown if a training run's loss or weights are no longer finite. Its weights are useless and are not stored. */
export class DivergedError extends TrainingError {
  override name = "DivergedError";
  constructor(readonly divergence: Divergence) {
    super(`The training diverged at step ${divergence.step}.`);
  }
}
