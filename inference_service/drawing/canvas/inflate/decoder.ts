/** Huffman codes as Deflate has them (RFC 1951, section 3.2.2): known by their lengths alone. */
import { COUNTS, LOOK_UP, LOOK_UP_BITS, MAX_CODE_BITS, SORTED } from "./layout.ts";

/**
 * Writes the decoder of a code at `at` in `words`, a memory's 32-bit words: symbol i, if it occurs, has a code of
 * `lengths[i]` bits and the entry `symbols[i]`. False where the lengths are those of no code: too many of one length, or
 * too few, unless there is just one code of one bit (or none, where `mayBeEmpty`).
 */
export function writeDecoder(
  words: Uint32Array,
  at: number,
  lengths: Uint8Array,
  symbols: readonly number[],
  mayBeEmpty = false,
): boolean {
  const counts = words.subarray((at + COUNTS) / 4, (at + COUNTS) / 4 + MAX_CODE_BITS + 1);
  counts.fill(0);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;

  const firsts = new Uint16Array(MAX_CODE_BITS + 2);
  let free = 1, longest = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    free = 2 * free - counts[length];
    if (free < 0) return false;
    if (counts[length] > 0) longest = length;
    firsts[length + 1] = firsts[length] + counts[length];
  }
  if (free > 0 && longest !== 1 && !(mayBeEmpty && longest === 0)) return false;

  const sorted = words.subarray((at + SORTED) / 4);
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] > 0) sorted[firsts[lengths[i]]++] = symbols[i] | lengths[i];
  }
  fillLookUp(words.subarray((at + LOOK_UP) / 4, (at + LOOK_UP) / 4 + 2 ** LOOK_UP_BITS), counts, sorted);
  return true;
}

/** Codes arrive with their first bit lowest, so a code is found wherever the bits above its own are anything. */
function fillLookUp(lookUp: Uint32Array, counts: Uint32Array, sorted: Uint32Array) {
  lookUp.fill(0);
  let reversed = 0, symbol = 0;
  for (let length = 1; length <= LOOK_UP_BITS; length++) {
    for (let i = 0; i < counts[length]; i++) {
      const entry = sorted[symbol++];
      for (let bits = reversed; bits < lookUp.length; bits += 1 << length) lookUp[bits] = entry;
      reversed = nextReversed(reversed, length);
    }
  }
}

/** The code after `code` of `length` bits, both back to front; a longer code that follows begins with its bits. */
function nextReversed(code: number, length: number): number {
  let bit = 1 << (length - 1);
  while ((code & bit) !== 0) {
    code ^= bit;
    bit >>= 1;
  }
  return code | bit;
}
