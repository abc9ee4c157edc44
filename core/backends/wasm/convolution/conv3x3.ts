/**
 * Shared by the kernels for 3 × 3 convolutions with a border of one pixel. They process the outputs in windows of 2 ×
 * 2, which depend on 4 × 4 pixels of the image with its border.
 */
import type { ImageShape } from "../../../codegen/wasm/padded_image.ts";

/** Images `[batch, height, width, channels]`, convolved by `filters` kernels. */
export interface Conv3x3Shape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
}

/** The image with its border. */
export function borderOf({ height, width, channels }: Conv3x3Shape): ImageShape {
  return { height, width, channels, paddingY: 1, paddingX: 1 };
}

/** Byte distances in the image with its border: to the next pixel, row of pixels, window and row of windows. */
export function stridesOf({ width, channels }: Conv3x3Shape) {
  const pixel = channels * 4, row = (width + 2) * pixel;
  return { pixel, row, window: 2 * pixel, windowRow: 2 * row };
}

/**
 * Visits the 4 × 4 pixels that a window depends on: calls `load` for each pixel, then `use` for each pair of a window
 * position (of four) and a kernel tap (of nine) that uses the pixel. Both are numbered row by row.
 */
export function eachTapOfWindow(
  load: (dy: number, dx: number) => void,
  use: (position: number, tap: number) => void,
): void {
  for (let dy = 0; dy < 4; dy++) {
    for (let dx = 0; dx < 4; dx++) {
      load(dy, dx);
      for (let position = 0; position < 4; position++) {
        const ky = dy - (position >> 1), kx = dx - (position & 1);
        if (ky >= 0 && ky <= 2 && kx >= 0 && kx <= 2) use(position, 3 * ky + kx);
      }
    }
  }
}
