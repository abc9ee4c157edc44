/** Scaling by area averaging: every new pixel is the mean of the area of the old picture that it covers. */

/** A rectangle of pixels, ends excluded. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** For each column of `box` the sum of its pixels, from the plane with rows of `stride`. May hold until the next call only. */
export type ColumnSums = (plane: Uint8Array, stride: number, box: Box) => Uint16Array | Uint32Array;

/**
 * Scales the part `box` of a plane with rows of `stride` to `[newHeight, newWidth]`, larger or smaller: a pixel is taken
 * as a square of one tone. Most of the work is in `sums`, which are exact, so that every way of adding gives the same.
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

/** Where on a line of pixels one that is `step` long lies, and how much of its first and last it covers. */
function span(index: number, step: number, length: number) {
  const from = index * step, to = (index + 1) * step;
  const first = Math.floor(from);
  // The last pixel with a share; rounding may put `to` a hair beyond the end.
  const last = Math.min(Math.ceil(to), length) - 1;
  return { first, last, firstShare: Math.min(first + 1, to) - from, lastShare: last > first ? to - last : 0 };
}

/** `[newHeight, width]` out of the box: each column scaled by itself, all of them a row at a time. */
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

/** `[rows, newLength]` out of `[rows, length]`. */
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

/** The plain way. */
export function columnSums(plane: Uint8Array, stride: number, { left, top, right, bottom }: Box): Uint32Array {
  const sums = new Uint32Array(right - left);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sums[x - left] += plane[y * stride + x];
  }
  return sums;
}
