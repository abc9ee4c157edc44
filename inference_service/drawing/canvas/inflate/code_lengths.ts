/** The codes of a block (RFC 1951, sections 3.2.6 and 3.2.7). */
import type { BitReader } from "./bit_reader.ts";

/** How long the codes of literals (with lengths) and of distances are. */
export interface CodeLengths {
  literals: Uint8Array;
  distances: Uint8Array;
}

export const FIXED_LENGTHS: CodeLengths = {
  literals: new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280),
  distances: new Uint8Array(32).fill(5),
};

/** In what order the lengths of the code for lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_LENGTH_BITS = 7;
const MAX_LITERALS = 286, MAX_DISTANCES = 30;
const END_OF_BLOCK = 256;
/** Lengths up to 15 stand for themselves; these repeat the one before, or zeros. */
const REPEAT_LAST = 16, REPEAT_ZERO = 17, REPEAT_ZERO_OFTEN = 18;

/** Reads those of a dynamic block; undefined where they make no sense. */
export function readCodeLengths(bits: BitReader): CodeLengths | undefined {
  const literals = bits.read(5) + 257, distances = bits.read(5) + 1, orders = bits.read(4) + 4;
  if (literals > MAX_LITERALS || distances > MAX_DISTANCES) return undefined;
  const ofLengths = new Uint8Array(ORDER.length);
  for (let i = 0; i < orders; i++) ofLengths[ORDER[i]] = bits.read(3);
  const symbolOf = lookUp(ofLengths);
  if (symbolOf === undefined) return undefined;

  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length;) {
    const symbol = symbolOf[bits.peek() & (1 << MAX_LENGTH_BITS) - 1];
    bits.bit += ofLengths[symbol];
    if (bits.hasEnded) return undefined;
    if (symbol < REPEAT_LAST) {
      lengths[i++] = symbol;
      continue;
    }
    if (symbol === REPEAT_LAST && i === 0) return undefined;
    const value = symbol === REPEAT_LAST ? lengths[i - 1] : 0;
    const end = i + repetitions(symbol, bits);
    if (end > lengths.length) return undefined;
    lengths.fill(value, i, end);
    i = end;
  }
  if (lengths[END_OF_BLOCK] === 0) return undefined;
  return { literals: lengths.subarray(0, literals), distances: lengths.subarray(literals) };
}

function repetitions(symbol: number, bits: BitReader): number {
  if (symbol === REPEAT_ZERO_OFTEN) return 11 + bits.read(7);
  return symbol === REPEAT_ZERO ? 3 + bits.read(3) : 3 + bits.read(2);
}

/** The symbol that every sequence of seven bits begins with; undefined where the lengths are those of no complete code. */
function lookUp(lengths: Uint8Array): Uint8Array | undefined {
  const symbols = new Uint8Array(1 << MAX_LENGTH_BITS);
  let code = 0;
  for (let length = 1; length <= MAX_LENGTH_BITS; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      const step = 1 << length;
      if (code === step) return undefined;
      for (let bits = reverse(code, length); bits < symbols.length; bits += step) symbols[bits] = symbol;
      code++;
    }
    code *= 2;
  }
  return code === symbols.length * 2 ? symbols : undefined;
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= (code >> i & 1) << (length - 1 - i);
  return reversed;
}
