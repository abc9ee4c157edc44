/** The programs for training, evaluation and prediction. They share state by name. */
import { gradients } from "../autodiff.ts";
import { perStep, type Program, state, type Tensor, trace } from "../graph.ts";
import { exp, logSoftmax, slice, takeRows } from "../ops/mod.ts";
import { IMAGE_PIXELS, type ModelSpec } from "../models/spec.ts";
import { countCorrect, crossEntropy, forward, normalise } from "../models/network.ts";
import { type UpdateOptions, updatesOf } from "./optimizers.ts";
import { parameterTensors } from "../models/parameters.ts";

/** Names of the state that the host fills, besides the parameters. */
export const STATE = {
  trainImages: "train.images",
  trainLabels: "train.labels",
  /** The order of the training digits in the current epoch. */
  trainOrder: "train.order",
  testImages: "test.images",
  testLabels: "test.labels",
  testOrder: "test.order",
  /** A prediction's pixels, the indices of its rows, and its result. */
  pixels: "pixels",
  rows: "rows",
  logits: "logits",
  probabilities: "probabilities",
} as const;

/** A part of the dataset that is held in state. */
export interface StoredDigits {
  set: "train" | "test";
  count: number;
  /** Share of the pixels that are not paper. */
  density: number;
}

/** `batch` digits of a stored set, from position `start` of its order. */
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

/** What every step of a training run does, whatever the data. */
export interface Recipe extends UpdateOptions {
  spec: ModelSpec;
  /** Share of each target that is spread evenly over all classes, in [0, 1). @default 0 */
  labelSmoothing?: number;
  /** uint32; the same seed, options and device give the same weights to the bit. */
  seed: number;
}

/** What a training program depends on. */
export interface TrainingProgramOptions extends Recipe {
  digits: StoredDigits;
  batch: number;
  /** Steps of the whole training, which the schedule spreads over. */
  totalSteps: number;
  /** Position in the epoch's order at which the batch of a step begins. */
  startOf(step: number): number;
}

/** One training step: read a batch, then forward pass, loss, backward pass and update. Output: `loss`. */
export function trainingProgram(options: TrainingProgramOptions): Program {
  const { spec, seed, labelSmoothing, digits, batch, totalSteps, startOf } = options;
  return trace(() => {
    const parameters = parameterTensors(spec);
    const { images, labels } = takeBatch(digits, batch, perStep(startOf, "i32"));
    const step = perStep((step) => step, "i32");
    const loss = crossEntropy(forward(spec, parameters, images, { step, seed }), labels, labelSmoothing);
    const names = [...parameters.keys()], values = [...parameters.values()];
    const slopes = gradients(loss, values);
    const updates = updatesOf(
      names.map((name, i) => ({ name, value: values[i], gradient: slopes[i] })),
      options,
      totalSteps,
    );
    return { updates, outputs: { loss } };
  });
}

/** Step i scores `batch` test digits from position `startOf(i)` on. Output: `correct`, how many it recognises. */
export function evaluationProgram(
  spec: ModelSpec,
  digits: StoredDigits,
  batch: number,
  startOf: (step: number) => number,
): Program {
  return trace(() => {
    const { images, labels } = takeBatch(digits, batch, perStep(startOf, "i32"));
    const logits = forward(spec, parameterTensors(spec), images);
    return { outputs: { correct: countCorrect(logits, labels), loss: crossEntropy(logits, labels) } };
  });
}

/** Density of a drawing: that of MNIST's digits, because drawings are prepared in the same way. */
const DRAWING_DENSITY = 0.19;

/**
 * `batch` images of stored pixels → `[batch, 10]` logits and probabilities. With `frozen`, only the host writes the
 * weights, so what depends on them alone is computed once; a training run must not set it.
 */
export function predictionProgram(spec: ModelSpec, batch: number, { frozen = true } = {}): Program {
  return trace(() => {
    const stored = state(STATE.pixels, [batch, IMAGE_PIXELS], "u8", { density: DRAWING_DENSITY });
    const pixels = takeRows(stored, state(STATE.rows, [batch], "i32"));
    const logits = forward(spec, parameterTensors(spec, { frozen }), normalise(pixels));
    return { updates: { [STATE.logits]: logits, [STATE.probabilities]: exp(logSoftmax(logits)) } };
  });
}
