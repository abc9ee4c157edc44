/** Where the inflater keeps what it needs, from the first byte of its memory on. All but bytes are 32-bit words. */

/** Where a block's kernel leaves off: the next bit of the input, the next byte of the output, and why. */
export const BIT = 0, OUT = 4, STATUS = 8;
/** The two sums of the output (Adler-32). */
export const SUMS = 16;

/** For each distance below 16 which of the bytes before repeat, and how far 16 such bytes bring one on. */
export const PATTERNS = 32, STRIDES = PATTERNS + 16 * 16;

/** Codes up to so many bits are looked up at once; longer ones, which are rare, are gone through bit by bit. */
export const LOOK_UP_BITS = 10;
export const MAX_CODE_BITS = 15;
export const MAX_SYMBOLS = 288;

/** Within a decoder: an entry for every sequence of `LOOK_UP_BITS`, how many codes there are of each length, all entries. */
export const LOOK_UP = 0, COUNTS = LOOK_UP + 4 * 2 ** LOOK_UP_BITS, SORTED = COUNTS + 4 * (MAX_CODE_BITS + 1);
const DECODER_BYTES = SORTED + 4 * MAX_SYMBOLS;

export const LITERALS = STRIDES + 4 * 16, DISTANCES = LITERALS + DECODER_BYTES;
/** Of the inflater's memory, a multiple of 16. */
export const INFLATE_BYTES = Math.ceil((DISTANCES + DECODER_BYTES) / 16) * 16;

/** Bytes that may be read behind the input, and written behind the output. */
export const INFLATE_MARGIN = 32;

export const STATUS_OF = { running: 0, blockEnd: 1, inputEnds: 2, outputFull: 3, invalid: 4 } as const;

/**
 * A symbol with its code, as one word. Bits 0–3: how long its code is; 4–7: how many further bits belong to its value;
 * 8–10: what it is; from 16 on its value or, with further bits, the least of its values.
 */
export const ENTRY = { extraShift: 4, literal: 1 << 8, copy: 1 << 9, end: 1 << 10, valueShift: 16 } as const;
