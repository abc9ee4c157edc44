/** A training as a run asks for it and hears of it, whichever engine trains. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { TrainerOptions } from "../../core/training/trainer.ts";
import type { TrainingState } from "../../core/training/training_state.ts";
import type { DeviceChoice } from "../../protocol/mod.ts";

/** All that determines a training, except the dataset. */
export interface TrainingJob extends Omit<TrainerOptions, "dataset" | "device" | "threads" | "resume"> {
  device: DeviceChoice;
  threads: number;
  /** The memory of a `LivePadBoard`: drawings to be classified while the run trains. */
  livePads: SharedArrayBuffer;
  /** Where to resume. */
  resume?: Snapshot;
}

/** How far a training is, besides its step. The loop keeps it up to date. */
export interface LoopProgress {
  /** Epochs whose steps and evaluation are done. */
  epochsDone: number;
  /** Sum of the losses since the last of them. */
  lossSum: number;
  /** Per cent, after the last of them. */
  accuracy?: number;
}

/** A training between two steps: all it takes to resume it to the same bits. */
export interface Snapshot extends TrainingState {
  progress: LoopProgress;
  /** Trained so far, with opening and evaluating. */
  seconds: number;
}

/** What is known once the trainer is open. */
export interface TrainingStart {
  device: string;
  /** Why this device, in words. */
  reason: string;
  totalSteps: number;
  /**
   * Set to 1, it makes a long step return early; the stop flag of `open` still has to be set for the training to end.
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
  /** Undefined while the first steps say nothing about those to come. */
  secondsLeft?: number;
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

/** What the model makes of one drawing on a live pad. */
export interface LivePadAnswer {
  /** The pad's, on its board. */
  slot: number;
  /** The drawing's, so that no answer is taken for that of the next one. */
  number: number;
  /** Steps done. */
  step: number;
  /** Ten. */
  probabilities: Float32Array;
}

/** A training that came to its end. */
export interface TrainedModel {
  weights: NamedTensor[];
  /** Per cent of the test digits, after the last epoch. */
  accuracy: number;
  /** Seconds, with opening and evaluating. */
  trainingTime: number;
  /** From where to resume if the model cannot be stored. */
  snapshot?: Snapshot;
}

/** Hears of a training while it goes on. */
export interface TrainingEvents {
  onStart(start: TrainingStart): void;
  onLosses(batch: LossBatch): void;
  onEpoch(end: EpochEnd): void;
  onLivePad(answer: LivePadAnswer): void;
  /** From time to time, and once more where an abort was seen between two steps. */
  onSnapshot(snapshot: Snapshot): void;
}

/** A training that could not be finished; the message is for people. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

/** What was not finite, and when. */
export interface Divergence {
  /** The first step whose loss was not finite, or after which the weights were useless. */
  step: number;
  found: "loss" | "weights" | "answers";
  /** The last finite loss, if there was one. */
  lossBefore?: number;
}

/** A training whose loss or weights are no finite numbers any more. Its weights are useless and are stored nowhere. */
export class DivergedError extends TrainingError {
  override name = "DivergedError";
  constructor(readonly divergence: Divergence) {
    super(`The training diverged at step ${divergence.step}.`);
  }
}
