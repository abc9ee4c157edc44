/** The row filters undone a pixel at a time, for pixels of four bytes, such as a canvas has: each is one 32-bit word. */

const LOW_BITS = 0x7f7f7f7f;
const HIGH_BITS = ~LOW_BITS;

/**
 * Undoes `filter` in place on the row of `length` words that begins at `row`; the row above, undone, lies right before it.
 * The bytes of a word may come in either order, for none looks at another.
 */
export function undoWords(filter: number, words: Int32Array, row: number, length: number) {
  switch (filter) {
    case 1:
      return undoSub(words, row, length);
    case 2:
      return undoUp(words, row, length);
    case 3:
      return undoAverage(words, row, length);
    case 4:
      return undoPaeth(words, row, length);
  }
}

function undoSub(words: Int32Array, row: number, length: number) {
  let left = 0;
  for (let i = 0; i < length; i++) words[row + i] = left = addBytes(left, words[row + i]);
}

function undoUp(words: Int32Array, row: number, length: number) {
  const above = row - length;
  for (let i = 0; i < length; i++) words[row + i] = addBytes(words[above + i], words[row + i]);
}

function undoAverage(words: Int32Array, row: number, length: number) {
  const above = row - length;
  let left = 0;
  for (let i = 0; i < length; i++) {
    words[row + i] = left = addBytes(averageBytes(left, words[above + i]), words[row + i]);
  }
}

/** On paper the neighbours are equal, and then it is plain which of them Paeth chooses for all four bytes. */
function undoPaeth(words: Int32Array, row: number, length: number) {
  const above = row - length;
  let left = 0, corner = 0;
  for (let i = 0; i < length; i++) {
    const up = words[above + i];
    let nearest = left;
    if (up !== corner && up !== left) nearest = left === corner ? up : nearestBytes(left, up, corner);
    words[row + i] = left = addBytes(nearest, words[row + i]);
    corner = up;
  }
}

/** The sums of four bytes, each modulo 256: the high bits are added apart, so that nothing is carried into a neighbour. */
function addBytes(a: number, b: number): number {
  return ((a & LOW_BITS) + (b & LOW_BITS) | 0) ^ ((a ^ b) & HIGH_BITS);
}

/** The means of four bytes, rounded down: what both have, and half of what only one has. */
function averageBytes(a: number, b: number): number {
  return (a & b) + (((a ^ b) >>> 1) & LOW_BITS) | 0;
}

function nearestBytes(left: number, up: number, corner: number): number {
  return nearestByte(left, up, corner, 0) | nearestByte(left, up, corner, 8) |
    nearestByte(left, up, corner, 16) | nearestByte(left, up, corner, 24);
}

function nearestByte(leftWord: number, upWord: number, cornerWord: number, shift: number): number {
  const left = (leftWord >>> shift) & 255, up = (upWord >>> shift) & 255, corner = (cornerWord >>> shift) & 255;
  return nearestOf(left, up, corner) << shift;
}

/** Paeth's choice: whichever is nearest to left + up − corner; of equally near ones the first in this order. */
export function nearestOf(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - corner - corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}
