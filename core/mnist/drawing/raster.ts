/** Pictures, and the ink in them. */

/** A picture as in a PNG or a canvas: rows from the top, the samples of a pixel side by side, 8 bits each. */
export interface Raster {
  width: number;
  height: number;
  /** 1 single-channel, 2 with alpha, 3 RGB, 4 RGBA. */
  channels: 1 | 2 | 3 | 4;
  /** `width * height * channels` samples. */
  data: Uint8Array | Uint8ClampedArray;
}

/** The ink of a picture. */
export interface Ink {
  /** Distance of each pixel from paper, 0 to 255: `[height, width]`. */
  plane: Uint8Array;
  /** The largest value of the plane; 0 for a page of one tone. */
  strongest: number;
}

/** Scales by area averaging: every new pixel is the mean of the area that it covers in the old picture. */

/** A rectangle of pixels; `right` and `bottom` are excluded. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The sum of each column of `box` in a plane with rows of `stride`. The result is only valid until the next call. */
export type ColumnSums = (plane: Uint8Array, stride: number, box: Box) => Uint16Array | Uint32Array;

/**
 * Scales the part `box` of a plane with rows of `stride` up or down to `[newHeight, newWidth]`. A pixel counts as a
 * square of one tone. Most of the work is in `sums`, which are whole numbers, so the order of addition does not matter.
 */
export function averageAreas(
  plane: Uint8Array,
  stride: number,
  box: Box,
  newWidth: number,
  newHeight: number,
  sums: ColumnSums = columnSums,
): Float32Array {
  const width = box.right - box.left;
  return averageRows(averageColumns(plane, stride, box, newHeight, sums), width, newHeight, newWidth);
}

/**
 * The old pixels that the new pixel `index`, of length `step`, covers on a line, and how much of the first and the
 * last.
 */
function span(index: number, step: number, length: number) {
  const from = index * step, to = (index + 1) * step;
  const first = Math.floor(from);
  // Rounding may put `to` slightly beyond the end.
  const last = Math.min(Math.ceil(to), length) - 1;
  return { first, last, firstShare: Math.min(first + 1, to) - from, lastShare: last > first ? to - last : 0 };
}

/** The box scaled to `[newHeight, width]`, one row at a time. */
function averageColumns(plane: Uint8Array, stride: number, box: Box, newHeight: number, sums: ColumnSums) {
  const { left, right, top, bottom } = box;
  const width = right - left, height = bottom - top;
  const step = height / newHeight;
  const result = new Float32Array(newHeight * width);
  for (let j = 0; j < newHeight; j++) {
    const { first, last, firstShare, lastShare } = span(j, step, height);
    const between = sums(plane, stride, { left, right, top: top + first + 1, bottom: top + Math.max(last, first + 1) });
    const firstAt = (top + first) * stride + left, lastAt = (top + last) * stride + left;
    for (let x = 0; x < width; x++) {
      const sum = plane[firstAt + x] * firstShare + between[x] + plane[lastAt + x] * lastShare;
      result[j * width + x] = sum / step;
    }
  }
  return result;
}

/** `[rows, length]` scaled to `[rows, newLength]`. */
function averageRows(source: Float32Array, length: number, rows: number, newLength: number): Float32Array {
  const step = length / newLength;
  const result = new Float32Array(rows * newLength);
  for (let j = 0; j < newLength; j++) {
    const { first, last, firstShare, lastShare } = span(j, step, length);
    for (let row = 0; row < rows; row++) {
      const at = row * length;
      let sum = source[at + first] * firstShare + source[at + last] * lastShare;
      for (let i = first + 1; i < last; i++) sum += source[at + i];
      result[row * newLength + j] = sum / step;
    }
  }
  return result;
}

/** Column sums in plain loops. */
export function columnSums(plane: Uint8Array, stride: number, { left, top, right, bottom }: Box): Uint32Array {
  const sums = new Uint32Array(right - left);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sums[x - left] += plane[y * stride + x];
  }
  return sums;
}
