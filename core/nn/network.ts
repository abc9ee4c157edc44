/** The forward pass of the lab's models, from stored pixels to logits and their loss. */
import { constant, type Tensor } from "../graph.ts";
import { add, argmax, dropoutMask, logSoftmax, matmul, mul, neg, oneHot, relu, sub, sum } from "../ops/mod.ts";
import { STREAMS } from "../random.ts";
import { CLASSES, type ModelSpec, parameterSpecs } from "./model_spec.ts";

/** Mean and standard deviation of MNIST's training pixels on a scale of 0 to 1. */
const MEAN = 0.1307, DEVIATION = 0.3081;

/** Pixels 0–255 as the models see them: (x / 255 − mean) / deviation. */
export function normalise(pixels: Tensor): Tensor {
  return sub(mul(pixels, constant(1 / (255 * DEVIATION))), constant(MEAN / DEVIATION));
}

/** What training adds to a forward pass. */
export interface TrainingMode {
  /** The step as an i32 scalar: dropout's masks are a function of it. */
  step: Tensor;
  seed: number;
}

/** Normalised images `[batch, 784]` → logits `[batch, 10]`. Units drop out in training only. */
export function forward(
  spec: ModelSpec,
  parameters: ReadonlyMap<string, Tensor>,
  images: Tensor,
  training?: TrainingMode,
): Tensor {
  const linears = parameterSpecs(spec).filter(({ name }) => name.endsWith(".weight"));
  let x = images;
  linears.forEach(({ name }, layer) => {
    const bias = parameters.get(name.replace(".weight", ".bias"))!;
    x = add(matmul(x, parameters.get(name)!), bias);
    if (layer === linears.length - 1) return;
    x = relu(x);
    if (training && spec.dropout) x = dropout(x, spec.dropout, layer, training);
  });
  return x;
}

function dropout(x: Tensor, probability: number, layer: number, { step, seed }: TrainingMode): Tensor {
  return mul(x, dropoutMask(step, { shape: x.shape, probability, seed, stream: STREAMS.dropout + layer }));
}

/** Softmax cross-entropy of logits `[batch, classes]` and labels `[batch]`, mean over the batch. */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const [batch, classes] = logits.shape;
  const likelihood = sum(mul(oneHot(labels, classes), logSoftmax(logits)));
  return neg(mul(likelihood, constant(1 / batch)));
}

/** How many rows of logits have their largest element at the label. */
export function countCorrect(logits: Tensor, labels: Tensor): Tensor {
  return sum(mul(oneHot(argmax(logits), CLASSES), oneHot(labels, CLASSES)));
}
