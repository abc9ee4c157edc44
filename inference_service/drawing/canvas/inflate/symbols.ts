/** What the symbols of Deflate stand for (RFC 1951, section 3.2.5), as entries without the length of their codes. */
import { ENTRY } from "./layout.ts";

const END_OF_BLOCK = 256;
const MAX_LENGTH = 258;

/** Literals, the end of a block, lengths. Two further ones have codes in fixed blocks, and must not occur. */
export const LITERAL_SYMBOLS: readonly number[] = [
  ...Array.from({ length: END_OF_BLOCK }, (_, byte) => ENTRY.literal | byte << ENTRY.valueShift),
  ENTRY.end,
  ...ranges(3, 28, 4),
  copyEntry(MAX_LENGTH, 0),
  0,
  0,
];

/** Distances; two further ones must not occur. */
export const DISTANCE_SYMBOLS: readonly number[] = [...ranges(1, 30, 2), 0, 0];

/** `count` ranges of values from `least` on. The first two groups of them have one value each, every other one a bit more. */
function ranges(least: number, count: number, group: number): number[] {
  const entries: number[] = [];
  for (let i = 0; i < count; i++) {
    const extraBits = Math.max(0, Math.floor(i / group) - 1);
    entries.push(copyEntry(least, extraBits));
    least += 1 << extraBits;
  }
  return entries;
}

function copyEntry(least: number, extraBits: number): number {
  return ENTRY.copy | extraBits << ENTRY.extraShift | least << ENTRY.valueShift;
}
