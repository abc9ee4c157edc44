/** The forward pass of every model family, from stored pixels to logits and loss. */
import { constant, type Tensor } from "../graph.ts";
import {
  add,
  argmax,
  conv2d,
  dropoutMask,
  gelu,
  logSoftmax,
  matmul,
  maxPool2d,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sigmoid,
  sub,
  sum,
  tanh,
} from "../ops/mod.ts";
import { STREAMS } from "../random.ts";
import type { Activation } from "./families.ts";
import { CLASSES, layersOf, type ModelSpec, PIXEL_DEVIATION, PIXEL_MEAN } from "./spec.ts";

/** Normalises pixels 0–255 for a model: (x / 255 − mean) / deviation. */
export function normalise(pixels: Tensor): Tensor {
  return sub(mul(pixels, constant(1 / (255 * PIXEL_DEVIATION))), constant(PIXEL_MEAN / PIXEL_DEVIATION));
}

const ACTIVATE: Record<Activation, (x: Tensor) => Tensor> = { relu, gelu, tanh, sigmoid };

/** Turns dropout on in a forward pass. */
export interface TrainingMode {
  /** The step as an i32 scalar: dropout masks are a function of seed and step. */
  step: Tensor;
  seed: number;
}

/**
 * Normalised images `[batch, 784]` → logits `[batch, 10]`. Dropout applies only in training. `onHidden` receives the
 * output of each hidden block: `[batch, height, width, channels]` after pooling, `[batch, units]` after a Linear's
 * activation.
 */
export function forward(
  spec: ModelSpec,
  parameters: ReadonlyMap<string, Tensor>,
  images: Tensor,
  training?: TrainingMode,
  onHidden?: (output: Tensor) => void,
): Tensor {
  const layers = layersOf(spec), [batch] = images.shape;
  let x = layers[0].kind === "flatten" ? images : reshape(images, [batch, ...layers[0].input]);
  let dropouts = 0;
  for (const layer of layers) {
    const weight = parameters.get(`${layer.name}.weight`)!, bias = parameters.get(`${layer.name}.bias`)!;
    if (layer.kind === "conv") x = add(conv2d(x, weight, { padding: layer.padding }), bias);
    else if (layer.kind === "linear") x = add(matmul(x, weight), bias);
    else if (layer.kind === "activation") x = ACTIVATE[layer.activation](x);
    else if (layer.kind === "maxPool") x = maxPool2d(x);
    else if (layer.kind === "flatten") x = reshape(x, [batch, ...layer.output]);
    else if (training && layer.probability > 0) x = dropout(x, layer.probability, dropouts++, training);
    if (layer.endsBlock) onHidden?.(x);
  }
  return x;
}

/** `index` counts the dropout layers: each has its own stream of random numbers. */
function dropout(x: Tensor, probability: number, index: number, { step, seed }: TrainingMode): Tensor {
  return mul(x, dropoutMask(step, { shape: x.shape, probability, seed, stream: STREAMS.dropout + index }));
}

/**
 * Softmax cross-entropy of logits `[batch, classes]` and labels `[batch]`, mean over the batch. With `smoothing`, that
 * share of each target is spread evenly over all classes, as in PyTorch's `CrossEntropyLoss`.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, smoothing = 0): Tensor {
  const [batch, classes] = logits.shape, hard = oneHot(labels, classes);
  const targets = smoothing === 0 ? hard : add(mul(hard, constant(1 - smoothing)), constant(smoothing / classes));
  return neg(mul(sum(mul(targets, logSoftmax(logits))), constant(1 / batch)));
}

/** The number of rows of the logits `[batch, classes]` whose largest element is at the label. */
export function countCorrect(logits: Tensor, labels: Tensor): Tensor {
  return sum(mul(oneHot(argmax(logits), CLASSES), oneHot(labels, CLASSES)));
}
