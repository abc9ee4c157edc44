/** The fields that describe a model, each validated once for sockets, requests, files and pages alike. */
import * as v from "valibot";
import { LEARNING_RATE_RANGE_NAMES } from "./learning_rate.ts";

export const MODEL_TYPES = ["SimpleNN", "ConvNN"] as const;
export const OPTIMIZERS = ["Adam", "SGD", "RMSprop", "AdamW"] as const;
export const DEVICES = ["auto", "webgpu", "wasm", "reference"] as const;

export type ModelType = (typeof MODEL_TYPES)[number];
export type OptimizerName = (typeof OPTIMIZERS)[number];
export type DeviceChoice = (typeof DEVICES)[number];

/** Bounds of a training configuration; `learning_rate` lies in (0, 1], `dropout_p` in [0, 1). */
export const BOUNDS = {
  learningRate: { above: 0, max: 1 },
  epochs: { min: 1, max: 200 },
  batchSize: { min: 1, max: 2048 },
  hiddenLayers: { max: 8 },
  hiddenUnits: { min: 1, max: 2048 },
  seed: { min: 0, max: 2 ** 32 - 1 },
} as const;

const oneOf = (options: readonly string[]) => `must be one of ${options.join(", ")}`;

function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

export const modelType = v.picklist(MODEL_TYPES, oneOf(MODEL_TYPES));
export const optimizer = v.picklist(OPTIMIZERS, oneOf(OPTIMIZERS));
export const device = v.picklist(DEVICES, oneOf(DEVICES));
export const learningRateRange = v.picklist(LEARNING_RATE_RANGE_NAMES, oneOf(LEARNING_RATE_RANGE_NAMES));
export const epochs = wholeNumber(BOUNDS.epochs.min, BOUNDS.epochs.max);
export const batchSize = wholeNumber(BOUNDS.batchSize.min, BOUNDS.batchSize.max);
export const seed = wholeNumber(BOUNDS.seed.min, BOUNDS.seed.max);
/** Of a run or a model: whether there is such a one is for others to say. */
const id = (what: string) => {
  const message = `must be the id of a ${what}`;
  return v.pipe(v.string(message), v.minLength(1, message), v.maxLength(200, message));
};
export const runId = id("run");
export const modelId = id("model");
export const useDropout = v.boolean("must be true or false");

const learningRateMessage = "must be a number greater than 0 and at most 1";
export const learningRate = v.pipe(
  v.number(learningRateMessage),
  v.gtValue(BOUNDS.learningRate.above, learningRateMessage),
  v.maxValue(BOUNDS.learningRate.max, learningRateMessage),
);

const dropoutMessage = "must be a number from 0 up to, but not including, 1";
export const dropoutP = v.pipe(v.number(dropoutMessage), v.minValue(0, dropoutMessage), v.ltValue(1, dropoutMessage));

export const hiddenLayers = v.pipe(
  v.array(wholeNumber(BOUNDS.hiddenUnits.min, BOUNDS.hiddenUnits.max), "must be a list of layer widths"),
  v.maxLength(BOUNDS.hiddenLayers.max, `must have at most ${BOUNDS.hiddenLayers.max} layers`),
);
