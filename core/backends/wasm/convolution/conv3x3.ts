/** Extents and distances of 3 × 3 convolutions whose outputs are taken in windows of 2 × 2. */

/** `[batch, height, width, channels]` in front of a convolution by `filters` kernels of 3 × 3 with a border of one pixel. */
export interface Conv3x3Shape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
}

/** The image with its border. */
export function borderOf({ height, width, channels }: Conv3x3Shape) {
  return { height, width, channels, paddingY: 1, paddingX: 1 };
}

/** Byte distances, in the image with its border, from a window's first pixel to the first tap of each of its four places. */
export function placeOffsets({ width, channels }: Conv3x3Shape): number[] {
  const pixel = channels * 4, row = (width + 2) * pixel;
  return [0, pixel, row, row + pixel];
}

/** Byte distance from a row of windows, and from a window, to the next. */
export function windowStrides({ width, channels }: Conv3x3Shape) {
  return { row: 2 * (width + 2) * channels * 4, window: 2 * channels * 4 };
}

/**
 * Walks over the 4 × 4 pixels, border included, on which the four places of a 2 × 2 window depend through 3 × 3 kernels: `load`
 * is called for each pixel, then `use` for each place of the window and tap of the kernel that meet there.
 */
export function eachTapOfWindow(
  load: (dy: number, dx: number) => void,
  use: (place: number, tap: number) => void,
): void {
  for (let dy = 0; dy < 4; dy++) {
    for (let dx = 0; dx < 4; dx++) {
      load(dy, dx);
      for (let place = 0; place < 4; place++) {
        const ky = dy - (place >> 1), kx = dx - (place & 1);
        if (ky >= 0 && ky <= 2 && kx >= 0 && kx <= 2) use(place, 3 * ky + kx);
      }
    }
  }
}
