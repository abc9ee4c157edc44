/** Scaling by area averaging: every new pixel is the mean of the area of the old picture that it covers. */

/** A rectangle of pixels, ends excluded. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Scales the part `box` of a plane with rows of `stride` to `[newHeight, newWidth]`, larger or smaller: a pixel is taken
 * as a square of one tone.
 */
export function averageAreas(
  plane: Uint8Array,
  stride: number,
  box: Box,
  newWidth: number,
  newHeight: number,
): Float32Array {
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const columns = averageRows(plane, box.top * stride + box.left, stride, width, height, newWidth);
  return averageRows(columns, 0, height, height, newWidth, newHeight);
}

/**
 * Scales each of `rows` rows of `length` pixels, from `start` on and `stride` apart, to `newLength`, and transposes:
 * `[newLength, rows]`. Used twice, it scales both ways and ends upright.
 */
function averageRows(
  source: Uint8Array | Float32Array,
  start: number,
  stride: number,
  length: number,
  rows: number,
  newLength: number,
): Float32Array {
  const result = new Float32Array(newLength * rows);
  const step = length / newLength;
  for (let j = 0; j < newLength; j++) {
    const from = j * step;
    const to = (j + 1) * step;
    const first = Math.floor(from);
    // The last pixel with a share; rounding may put `to` a hair beyond the end.
    const last = Math.min(Math.ceil(to), length) - 1;
    const firstShare = Math.min(first + 1, to) - from;
    const lastShare = to - last;
    for (let row = 0; row < rows; row++) {
      const at = start + row * stride;
      let sum = source[at + first] * firstShare;
      for (let i = first + 1; i < last; i++) sum += source[at + i];
      if (last > first) sum += source[at + last] * lastShare;
      result[j * rows + row] = sum / step;
    }
  }
  return result;
}
