/** The forward pass in plain loops, for a page that classifies single digits without loading the engine. */
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
    else if (layer.kind === "relu") x = relu(x);
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

/** Keeps the largest of each 2×2 square of images with rows of `side` pixels. */
function pool(x: Float32Array, side: number): Float32Array {
  const half = side / 2, y = new Float32Array(x.length / 4);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i / half), at = 2 * row * side + 2 * (i % half);
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

function relu(x: Float32Array): Float32Array {
  for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
  return x;
}

function softmax(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - largest));
  const sum = shares.reduce((a, b) => a + b);
  return shares.map((share) => share / sum).subarray(0, CLASSES);
}
