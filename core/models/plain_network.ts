/**
 * The forward pass in plain loops: for one digit now and then in a page that does not carry the engine. `network.ts` is the
 * one that trains.
 */
import { CLASSES, IMAGE_SIDE, type NamedTensor, PIXEL_DEVIATION, PIXEL_MEAN } from "./model_spec.ts";

/** 784 bytes, ink 255 on paper 0 → ten probabilities. `weights` in the order of `parameterSpecs`, in PyTorch's shapes. */
export function plainPredict(weights: readonly NamedTensor[], pixels: Uint8Array): Float32Array {
  let x: Float32Array = Float32Array.from(pixels, (pixel) => (pixel / 255 - PIXEL_MEAN) / PIXEL_DEVIATION);
  let side = IMAGE_SIDE;
  for (let i = 0; i < weights.length; i += 2) {
    const weight = weights[i], bias = weights[i + 1].data;
    if (weight.shape.length === 4) {
      x = pool(relu(convolve(x, side, weight, bias)), side);
      side /= 2;
    } else {
      x = linear(x, weight.data, bias);
      if (i + 2 < weights.length) relu(x);
    }
  }
  return softmax(x);
}

/** `[in, side, side]` → `[out, side, side]` by 3×3 kernels, paper around the edge counting as 0. */
function convolve(x: Float32Array, side: number, { shape, data }: NamedTensor, bias: Float32Array): Float32Array {
  const [out, inputs] = shape, area = side * side;
  const y = new Float32Array(out * area);
  for (let o = 0; o < out; o++) {
    y.fill(bias[o], o * area, (o + 1) * area);
    for (let c = 0; c < inputs; c++) {
      for (let tap = 0; tap < 9; tap++) {
        const weight = data[(o * inputs + c) * 9 + tap];
        const dy = Math.floor(tap / 3) - 1, dx = tap % 3 - 1;
        for (let row = Math.max(0, -dy); row < Math.min(side, side - dy); row++) {
          const to = o * area + row * side, from = c * area + (row + dy) * side + dx;
          for (let column = Math.max(0, -dx); column < Math.min(side, side - dx); column++) {
            y[to + column] += weight * x[from + column];
          }
        }
      }
    }
  }
  return y;
}

/** The largest of each 2×2 square. */
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
