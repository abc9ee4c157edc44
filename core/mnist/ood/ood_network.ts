/** A network of one hidden layer that looks at a drawing in cells: small enough to be committed as text, and to take µs. */
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../models/spec.ts";

/** Cells of 2×2 pixels in a row; the outermost, which are paper in nearly all digits, are left out. */
const CELLS = IMAGE_SIDE / 2 - 2;
export const DOUBT_CELLS = CELLS * CELLS;

/** A network's numbers: a hidden layer of ReLU units, and one output. */
export interface OodTable {
  /** For each hidden unit, one character a cell: its place in `ALPHABET` less 32, times the unit's scale, is the weight. */
  weights: readonly string[];
  scales: readonly number[];
  biases: readonly number[];
  outputs: readonly number[];
  outputBias: number;
  /** Doubt begins above it. */
  threshold: number;
  falseAlarmPercent: number;
}

export const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Means of 2×2 pixels, `[12, 12]`, 0 to 255. */
export function doubtCells(pixels: Uint8Array): Uint8Array {
  if (pixels.length !== IMAGE_PIXELS) throw new Error(`a drawing has ${IMAGE_PIXELS} pixels, got ${pixels.length}`);
  const cells = new Uint8Array(DOUBT_CELLS);
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      const at = (2 * y + 2) * IMAGE_SIDE + 2 * x + 2, below = at + IMAGE_SIDE;
      cells[y * CELLS + x] = (pixels[at] + pixels[at + 1] + pixels[below] + pixels[below + 1] + 2) >> 2;
    }
  }
  return cells;
}

/** A network as `score` reads it: the weights of a cell side by side, for most cells are paper. */
export interface OodNetwork {
  /** `[cells, units]`, for inks from 0 to 255. */
  weights: Float32Array;
  biases: Float32Array;
  outputs: Float32Array;
  outputBias: number;
}

export function readTable({ weights, scales, biases, outputs, outputBias }: OodTable): OodNetwork {
  const byCell = new Float32Array(DOUBT_CELLS * weights.length);
  weights.forEach((text, unit) => {
    for (let cell = 0; cell < DOUBT_CELLS; cell++) {
      byCell[cell * weights.length + unit] = (ALPHABET.indexOf(text[cell]) - 32) * scales[unit] / 255;
    }
  });
  return { weights: byCell, biases: Float32Array.from(biases), outputs: Float32Array.from(outputs), outputBias };
}

/** The larger, the less a drawing of 784 bytes is like a digit: the logarithm of the odds against it, as it was trained. */
export function scoreOf(network: OodNetwork, pixels: Uint8Array): number {
  const { weights, biases, outputs, outputBias } = network, units = biases.length;
  const sums = Float32Array.from(biases), cells = doubtCells(pixels);
  for (let cell = 0; cell < DOUBT_CELLS; cell++) {
    const ink = cells[cell], row = cell * units;
    if (ink === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += ink * weights[row + unit];
  }
  let score = outputBias;
  for (let unit = 0; unit < units; unit++) if (sums[unit] > 0) score += sums[unit] * outputs[unit];
  return score;
}
