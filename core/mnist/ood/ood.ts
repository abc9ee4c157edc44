/**
 * Detects drawings that are not digits. A model has no class "none of these": it names a digit even for a scribble,
 * often with high confidence. So a second, tiny network, the same for every model, judges the picture alone. It was
 * trained on MNIST's training digits and on drawings that are not digits (`scripts/ood/`).
 * `docs/out_of_distribution.md` states how well it works.
 */
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../models/spec.ts";
import { OOD_TABLE } from "./ood_table.ts";

/** Per cent of MNIST's test digits that are wrongly reported as out of distribution. */
export const FALSE_ALARM_PERCENT = OOD_TABLE.falseAlarmPercent;

let network: OodNetwork | undefined;

/** Whether 784 bytes, ink 255 on paper 0, look unlike all ten digits. Takes a few µs. */
export function isOutOfDistribution(pixels: Uint8Array): boolean {
  network ??= readTable(OOD_TABLE);
  return scoreOf(network, pixels) > OOD_TABLE.threshold;
}

/**
 * A network with one hidden layer over the cells of a drawing, small enough to commit as text and to run in
 * microseconds.
 */

/** Cells of 2×2 pixels per row. The outermost cells are left out because they are blank in nearly all digits. */
const CELLS = IMAGE_SIDE / 2 - 2;
/** Inputs of the network. */
export const OOD_CELLS = CELLS * CELLS;

/** The network as text: a hidden layer of ReLU units, and one output. */
export interface OodTable {
  /**
   * One string per hidden unit and one character per cell. The weight is (index in `ALPHABET` − 32) × the unit's scale.
   */
  weights: readonly string[];
  scales: readonly number[];
  biases: readonly number[];
  outputs: readonly number[];
  outputBias: number;
  /** A drawing with a higher score is out of distribution. */
  threshold: number;
  /** Per cent of MNIST's test digits above the threshold. */
  falseAlarmPercent: number;
}

/** The 64 characters that encode weights. */
export const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Means of 2×2 pixels, `[12, 12]`, 0 to 255.
 *
 * @throws {Error} unless there are 784 pixels
 */
export function cellsOf(pixels: Uint8Array): Uint8Array {
  if (pixels.length !== IMAGE_PIXELS) throw new Error(`a drawing has ${IMAGE_PIXELS} pixels, got ${pixels.length}`);
  const cells = new Uint8Array(OOD_CELLS);
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      const at = (2 * y + 2) * IMAGE_SIDE + 2 * x + 2, below = at + IMAGE_SIDE;
      cells[y * CELLS + x] = (pixels[at] + pixels[at + 1] + pixels[below] + pixels[below + 1] + 2) >> 2;
    }
  }
  return cells;
}

/** The decoded network. The weights of a cell are adjacent, because most cells are blank and can be skipped. */
export interface OodNetwork {
  /** `[cells, units]`, for ink from 0 to 255. */
  weights: Float32Array;
  biases: Float32Array;
  outputs: Float32Array;
  outputBias: number;
}

/** The network that a table describes. */
export function readTable({ weights, scales, biases, outputs, outputBias }: OodTable): OodNetwork {
  const byCell = new Float32Array(OOD_CELLS * weights.length);
  weights.forEach((text, unit) => {
    for (let cell = 0; cell < OOD_CELLS; cell++) {
      byCell[cell * weights.length + unit] = (ALPHABET.indexOf(text[cell]) - 32) * scales[unit] / 255;
    }
  });
  return { weights: byCell, biases: Float32Array.from(biases), outputs: Float32Array.from(outputs), outputBias };
}

/** Log-odds that a drawing of 784 bytes is not a digit: the higher the score, the less it looks like one. */
export function scoreOf(network: OodNetwork, pixels: Uint8Array): number {
  const { weights, biases, outputs, outputBias } = network, units = biases.length;
  const sums = Float32Array.from(biases), cells = cellsOf(pixels);
  for (let cell = 0; cell < OOD_CELLS; cell++) {
    const ink = cells[cell], row = cell * units;
    if (ink === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += ink * weights[row + unit];
  }
  let score = outputBias;
  for (let unit = 0; unit < units; unit++) if (sums[unit] > 0) score += sums[unit] * outputs[unit];
  return score;
}
