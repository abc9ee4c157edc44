import { PngError } from "./header.ts";

/**
 * Undoes the row filters of PNG (specification, section 9) in place. `rows` rows of `1 + rowBytes` bytes (filter type,
 * then the row) begin at `start`. The results are stored without gaps from `start` on, and that part of `bytes` is
 * returned.
 *
 * @param pixelBytes distance to the corresponding byte of the pixel on the left, at least 1
 * @throws {PngError} for a filter that does not exist
 */
export function unfilter(
  bytes: Uint8Array,
  start: number,
  rows: number,
  rowBytes: number,
  pixelBytes: number,
): Uint8Array {
  let from = start;
  let to = start;
  for (let row = 0; row < rows; row++) {
    const filter = bytes[from++];
    undo(filter, bytes, from, to, row === 0 ? -1 : to - rowBytes, rowBytes, pixelBytes);
    from += rowBytes;
    to += rowBytes;
  }
  return bytes.subarray(start, to);
}

/**
 * The filtered row begins at `from`, the result at `to`, and the row above at `above`, which is −1 for the first row.
 */
function undo(
  filter: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  above: number,
  rowBytes: number,
  pixelBytes: number,
) {
  switch (filter) {
    case 0:
      bytes.copyWithin(to, from, from + rowBytes);
      return;
    case 1:
      return undoSub(bytes, from, to, rowBytes, pixelBytes);
    case 2:
      if (above < 0) bytes.copyWithin(to, from, from + rowBytes);
      else for (let i = 0; i < rowBytes; i++) bytes[to + i] = bytes[from + i] + bytes[above + i];
      return;
    case 3:
      return undoAverage(bytes, from, to, above, rowBytes, pixelBytes);
    case 4:
      // Above the first row everything is 0, so Paeth predicts the left neighbour.
      if (above < 0) return undoSub(bytes, from, to, rowBytes, pixelBytes);
      return undoPaeth(bytes, from, to, above, rowBytes, pixelBytes);
    default:
      throw new PngError(`the PNG is damaged: row filter ${filter} does not exist`);
  }
}

function undoSub(bytes: Uint8Array, from: number, to: number, rowBytes: number, pixelBytes: number) {
  bytes.copyWithin(to, from, from + Math.min(pixelBytes, rowBytes));
  for (let i = pixelBytes; i < rowBytes; i++) bytes[to + i] = bytes[from + i] + bytes[to + i - pixelBytes];
}

function undoAverage(
  bytes: Uint8Array,
  from: number,
  to: number,
  above: number,
  rowBytes: number,
  pixelBytes: number,
) {
  for (let i = 0; i < rowBytes; i++) {
    const left = i < pixelBytes ? 0 : bytes[to + i - pixelBytes];
    const up = above < 0 ? 0 : bytes[above + i];
    bytes[to + i] = bytes[from + i] + ((left + up) >> 1);
  }
}

function undoPaeth(bytes: Uint8Array, from: number, to: number, above: number, rowBytes: number, pixelBytes: number) {
  const first = Math.min(pixelBytes, rowBytes);
  for (let i = 0; i < first; i++) bytes[to + i] = bytes[from + i] + bytes[above + i];
  for (let i = pixelBytes; i < rowBytes; i++) {
    const left = bytes[to + i - pixelBytes];
    const up = bytes[above + i];
    const corner = bytes[above + i - pixelBytes];
    const toLeft = Math.abs(up - corner);
    const toUp = Math.abs(left - corner);
    const toCorner = Math.abs(left + up - corner - corner);
    const nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    bytes[to + i] = bytes[from + i] + nearest;
  }
}
