/** The forward pass in plain loops, for a page that classifies single digits without loading the engine. */
import type { Activation } from "./families.ts";
import {
  CLASSES,
  layersOf,
  type ModelSpec,
  type NamedTensor,
  PIXEL_DEVIATION,
  PIXEL_MEAN,
  type PlacedLayer,
} from "./spec.ts";

/**
 * 784 bytes, ink 255 on paper 0 → ten probabilities.
 *
 * @param weights in the order and shapes of `parameterSpecs`
 */
export function plainPredict(spec: ModelSpec, weights: readonly NamedTensor[], pixels: Uint8Array): Float32Array {
  let x: Float32Array = Float32Array.from(pixels, (pixel) => (pixel / 255 - PIXEL_MEAN) / PIXEL_DEVIATION);
  let used = 0;
  for (const layer of layersOf(spec)) {
    if (layer.kind === "conv") x = convolve(x, layer, weights[used++], weights[used++].data);
    else if (layer.kind === "linear") x = linear(x, weights[used++].data, weights[used++].data);
    else if (layer.kind === "activation") x = x.map(ACTIVATE[layer.activation]);
    else if (layer.kind === "maxPool") x = pool(x, layer.input[1]);
    // Images are stored channel by channel here, as in PyTorch, so flattening changes nothing. Dropout is for training
    // only.
    else layer.kind satisfies "flatten" | "dropout";
  }
  return softmax(x);
}

/** `[in, height, width]` → `[out, height, width]`. Pixels beyond an edge count as 0. */
function convolve(
  x: Float32Array,
  { input: [height, width], output: [newHeight, newWidth], kernel, padding }: Extract<PlacedLayer, { kind: "conv" }>,
  { shape: [out, inputs], data }: NamedTensor,
  bias: Float32Array,
): Float32Array {
  const area = height * width, newArea = newHeight * newWidth, taps = kernel * kernel;
  const y = new Float32Array(out * newArea);
  for (let o = 0; o < out; o++) {
    y.fill(bias[o], o * newArea, (o + 1) * newArea);
    for (let c = 0; c < inputs; c++) {
      for (let tap = 0; tap < taps; tap++) {
        const weight = data[(o * inputs + c) * taps + tap];
        const dy = Math.floor(tap / kernel) - padding, dx = tap % kernel - padding;
        for (let row = Math.max(0, -dy); row < Math.min(newHeight, height - dy); row++) {
          const to = o * newArea + row * newWidth, from = c * area + (row + dy) * width + dx;
          for (let column = Math.max(0, -dx); column < Math.min(newWidth, width - dx); column++) {
            y[to + column] += weight * x[from + column];
          }
        }
      }
    }
  }
  return y;
}

/** Keeps the largest of each 2×2 square of square images `[channels, side, side]`. */
function pool(x: Float32Array, side: number): Float32Array {
  const half = Math.floor(side / 2), area = half * half;
  const y = new Float32Array(x.length / (side * side) * area);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i % area / half), at = Math.floor(i / area) * side * side + 2 * row * side + 2 * (i % half);
    y[i] = Math.max(x[at], x[at + 1], x[at + side], x[at + side + 1]);
  }
  return y;
}

function linear(x: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  return bias.map((start, unit) => {
    let sum = start;
    for (let i = 0; i < x.length; i++) sum += weight[unit * x.length + i] * x[i];
    return sum;
  });
}

const ACTIVATE: Record<Activation, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

function softmax(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - largest));
  const sum = shares.reduce((a, b) => a + b);
  return shares.map((share) => share / sum).subarray(0, CLASSES);
}
