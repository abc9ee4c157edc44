/**
 * Counter-based random numbers: Threefry-2×32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers:
 * As Easy as 1, 2, 3", SC 2011). A number is a function of (key, counter), not of earlier draws, so every thread, order
 * of draws and device gives the same masks and shuffles.
 */

/** How far each round rotates, in bits; the list repeats every eight rounds. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** Number of rounds. */
export const ROUNDS = 20;
/** XORed with both words of the key, it gives the third word of the key schedule. */
export const KEY_PARITY = 0x1bd11bda;

/** Returns two random uint32 for the two words of the counter, under the two words of the key. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const words = new Uint32Array(2);
  threefryInto(words, key0, key1, counter0, counter1);
  return [words[0], words[1]];
}

/**
 * Writes `threefry` to the first two elements of `words`. Its rounds are unrolled for loops that draw millions of
 * numbers.
 */
function threefryInto(words: Uint32Array, seed: number, stream: number, counter0: number, counter1: number): void {
  const key0 = seed | 0, key1 = stream | 0, key2 = KEY_PARITY ^ key0 ^ key1;
  words[0] = counter0 + key0;
  words[1] = counter1 + key1;
  fourRounds(words, 13, 15, 26, 6, key1, key2 + 1);
  fourRounds(words, 17, 29, 16, 24, key2, key0 + 2);
  fourRounds(words, 13, 15, 26, 6, key0, key1 + 3);
  fourRounds(words, 17, 29, 16, 24, key1, key2 + 4);
  fourRounds(words, 13, 15, 26, 6, key2, key0 + 5);
}

/** Four rounds that rotate by `a` … `d`, then the injection of two words of the key. */
function fourRounds(words: Uint32Array, a: number, b: number, c: number, d: number, key0: number, key1: number): void {
  let x = words[0] | 0, y = words[1] | 0;
  x = (x + y) | 0;
  y = ((y << a) | (y >>> (32 - a))) ^ x;
  x = (x + y) | 0;
  y = ((y << b) | (y >>> (32 - b))) ^ x;
  x = (x + y) | 0;
  y = ((y << c) | (y >>> (32 - c))) ^ x;
  x = (x + y) | 0;
  y = ((y << d) | (y >>> (32 - d))) ^ x;
  words[0] = x + key0;
  words[1] = y + key1;
}

/** Streams of random numbers by purpose. Streams of the same seed do not overlap. */
export const STREAMS = { initialisation: 0x1000, order: 0x2000, dropout: 0x3000, sample: 0x4000 } as const;

/** `length` float32 numbers, uniform in [−bound, bound). */
export function uniform(seed: number, stream: number, length: number, bound: number): Float32Array {
  const values = new Float32Array(length);
  const scale = bound / 2 ** 31, words = new Uint32Array(2);
  for (let i = 0; i < length; i += 2) {
    threefryInto(words, seed, stream, i / 2, 0);
    values[i] = words[0] * scale - bound;
    if (i + 1 < length) values[i + 1] = words[1] * scale - bound;
  }
  return values;
}

/** The numbers 0 … `length − 1` in a random order for each epoch: the Fisher–Yates shuffle, one draw per element. */
export function permutation(seed: number, stream: number, epoch: number, length: number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i), words = new Uint32Array(2);
  for (let i = length - 1; i > 0; i--) {
    threefryInto(words, seed, stream, i, epoch);
    // A 32-bit draw scaled to 0 … i: its bias is below (i + 1) / 2^32.
    const j = Math.floor((words[0] / 2 ** 32) * (i + 1));
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}
