/** The programs of a training run and of a prediction, over state that they share by name. */
import { gradients } from "../autodiff.ts";
import { perStep, type Program, state, type Tensor, trace } from "../graph.ts";
import { exp, logSoftmax, slice, takeRows } from "../ops/mod.ts";
import { IMAGE_PIXELS, type ModelSpec } from "../models/spec.ts";
import { countCorrect, crossEntropy, forward, normalise } from "../models/network.ts";
import { type OptimizerName, updatesOf } from "./optimizers.ts";
import { parameterTensors } from "../models/parameters.ts";

/** Names of the state that the host fills, beside the parameters. */
export const STATE = {
  trainImages: "train.images",
  trainLabels: "train.labels",
  /** The order of the training digits in the present epoch. */
  trainOrder: "train.order",
  testImages: "test.images",
  testLabels: "test.labels",
  testOrder: "test.order",
  /** A prediction's pixels, the numbers of its rows, and its answer. */
  pixels: "pixels",
  rows: "rows",
  logits: "logits",
  probabilities: "probabilities",
} as const;

/** A stored set of digits. */
export interface StoredDigits {
  set: "train" | "test";
  count: number;
  /** Share of the pixels that are not paper. */
  density: number;
}

/** `batch` digits of a stored set, beginning at place `start` of its order. */
function takeBatch(
  { set, count, density }: StoredDigits,
  batch: number,
  start: Tensor,
): { images: Tensor; labels: Tensor } {
  const indices = slice(state(STATE[`${set}Order`], [count], "i32"), start, batch);
  const images = takeRows(state(STATE[`${set}Images`], [count, IMAGE_PIXELS], "u8", { density }), indices);
  const labels = takeRows(state(STATE[`${set}Labels`], [count], "u8"), indices, "i32");
  return { images: normalise(images), labels };
}

export interface TrainingProgramOptions {
  spec: ModelSpec;
  optimizer: OptimizerName;
  learningRate: number;
  seed: number;
  digits: StoredDigits;
  batch: number;
  /** Where in the epoch's order the batch of a step begins. */
  startOf(step: number): number;
}

/** One step of training: a batch out of the dataset, forward, loss, backward, update. Output: `loss`. */
export function trainingProgram(
  { spec, optimizer, learningRate, seed, digits, batch, startOf }: TrainingProgramOptions,
): Program {
  return trace(() => {
    const parameters = parameterTensors(spec);
    const { images, labels } = takeBatch(digits, batch, perStep(startOf, "i32"));
    const step = perStep((step) => step, "i32");
    const loss = crossEntropy(forward(spec, parameters, images, { step, seed }), labels);
    const names = [...parameters.keys()], values = [...parameters.values()];
    const slopes = gradients(loss, values);
    const updates = updatesOf(
      optimizer,
      names.map((name, i) => ({ name, value: values[i], gradient: slopes[i] })),
      learningRate,
    );
    return { updates, outputs: { loss } };
  });
}

/** Step i scores `batch` test digits from number `startOf(i)`. Output: `correct`. */
export function evaluationProgram(
  spec: ModelSpec,
  digits: StoredDigits,
  batch: number,
  startOf: (step: number) => number,
): Program {
  return trace(() => {
    const { images, labels } = takeBatch(digits, batch, perStep(startOf, "i32"));
    return { outputs: { correct: countCorrect(forward(spec, parameterTensors(spec), images), labels) } };
  });
}

/** What drawings have of ink: as much as MNIST's digits, for they are prepared as those were. */
const DRAWING_DENSITY = 0.19;

/**
 * `batch` images of stored pixels → `[batch, 10]` logits and probabilities. `frozen`: the weights are written by the host
 * alone, so what depends on nothing else may be computed once; not so in a training.
 */
export function predictionProgram(spec: ModelSpec, batch: number, { frozen = true } = {}): Program {
  return trace(() => {
    const stored = state(STATE.pixels, [batch, IMAGE_PIXELS], "u8", { density: DRAWING_DENSITY });
    const pixels = takeRows(stored, state(STATE.rows, [batch], "i32"));
    const logits = forward(spec, parameterTensors(spec, { frozen }), normalise(pixels));
    return { updates: { [STATE.logits]: logits, [STATE.probabilities]: exp(logSoftmax(logits)) } };
  });
}
