/**
 * Shared by the kernels for square convolutions. They process the outputs in windows of 2 × 2, which are also those of
 * the pooling; an odd last row or column of outputs is in no window. A window depends on (kernel + 1) × (kernel + 1)
 * pixels of the image with its border.
 */
import type { ImageShape } from "../../../codegen/wasm/padded_image.ts";
import type { Tensor } from "../../../graph.ts";
import { conv2dOp } from "../../../ops/mod.ts";

/** Images `[batch, height, width, channels]`, convolved by `filters` kernels. */
export interface SquareConv {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  /** Height and width of the kernels. */
  kernel: number;
  /** Zeros on every side of an image. */
  padding: number;
}

/** The convolution `node`, or undefined if it is none, or its kernels or its border are not square. */
export function squareConv(node: Tensor): SquareConv | undefined {
  const [padding, paddingX] = conv2dOp.attributesOf(node) ?? [];
  if (padding === undefined) return undefined;
  const [{ shape: [batch, height, width, channels] }, { shape: [kernel, kernelWidth, , filters] }] = node.inputs;
  const isSquare = kernel === kernelWidth && padding === paddingX;
  return isSquare ? { batch, height, width, channels, filters, kernel, padding } : undefined;
}

/** The image with its border. */
export function borderOf({ height, width, channels, padding }: SquareConv): ImageShape {
  return { height, width, channels, paddingY: padding, paddingX: padding };
}

/** Rows and columns of windows in a result, and how many windows that makes. */
export function windowsOf({ height, width, kernel, padding }: SquareConv) {
  const rows = Math.floor((height + 2 * padding - kernel + 1) / 2);
  const columns = Math.floor((width + 2 * padding - kernel + 1) / 2);
  return { rows, columns, count: rows * columns };
}

/** Byte distances in the image with its border: to the next pixel, row of pixels, window and row of windows. */
export function stridesOf({ width, channels, padding }: SquareConv) {
  const pixel = channels * 4, row = (width + 2 * padding) * pixel;
  return { pixel, row, window: 2 * pixel, windowRow: 2 * row };
}
