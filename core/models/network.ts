/** The forward pass of the lab's models, from stored pixels to logits and their loss. */
import { constant, type Tensor } from "../graph.ts";
import {
  add,
  argmax,
  conv2d,
  dropoutMask,
  logSoftmax,
  matmul,
  maxPool2d,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sub,
  sum,
} from "../ops/mod.ts";
import { STREAMS } from "../random.ts";
import { sizeOf } from "../shape.ts";
import { CLASSES, IMAGE_SIDE, type ModelSpec, parameterSpecs, PIXEL_DEVIATION, PIXEL_MEAN } from "./model_spec.ts";

/** Pixels 0–255 as the models see them: (x / 255 − mean) / deviation. */
export function normalise(pixels: Tensor): Tensor {
  return sub(mul(pixels, constant(1 / (255 * PIXEL_DEVIATION))), constant(PIXEL_MEAN / PIXEL_DEVIATION));
}

/** What training adds to a forward pass. */
export interface TrainingMode {
  /** The step as an i32 scalar: dropout's masks are a function of it. */
  step: Tensor;
  seed: number;
}

/**
 * Normalised images `[batch, 784]` → logits `[batch, 10]`. Units drop out in training only. `onLayer` is handed what each
 * hidden layer gives on: `[batch, h, w, channels]` behind a pooling, `[batch, width]` behind a Linear's ReLU.
 */
export function forward(
  spec: ModelSpec,
  parameters: ReadonlyMap<string, Tensor>,
  images: Tensor,
  training?: TrainingMode,
  onLayer?: (output: Tensor) => void,
): Tensor {
  const weights = parameterSpecs(spec).map(({ name }) => name).filter((name) => name.endsWith(".weight"));
  const biasOf = (name: string) => parameters.get(name.replace(".weight", ".bias"))!;
  const isConvolution = (name: string) => name.startsWith("conv.");
  let x = images;
  if (spec.modelType === "ConvNN") x = reshape(x, [x.shape[0], IMAGE_SIDE, IMAGE_SIDE, 1]);
  for (const name of weights.filter(isConvolution)) {
    x = maxPool2d(relu(add(conv2d(x, parameters.get(name)!, { padding: 1 }), biasOf(name))));
    onLayer?.(x);
  }
  x = reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
  const linears = weights.filter((name) => !isConvolution(name));
  linears.forEach((name, layer) => {
    x = add(matmul(x, parameters.get(name)!), biasOf(name));
    if (layer === linears.length - 1) return;
    x = relu(x);
    onLayer?.(x);
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
