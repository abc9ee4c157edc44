/** Fuzzes file readers: no input may do harm. A failure prints the seed that repeats it. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { concatBytes } from "../bytes.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? (Deno.env.get("LAB_LONG") ? 100_000 : 500));
/** Number of inputs between two turns of the event loop. */
const BATCH = 500;
/** Number of batches between two garbage collections. */
const COLLECT_EVERY = 20;
/** How long reading may take. */
const MAX_MS = 1000;
/** How long an error message may be, in characters. */
const MAX_MESSAGE = 2000;
/** How much memory the process may grow by, in bytes. */
const MAX_GROWTH = 200 * 2 ** 20;

/**
 * Reads every input. Each time, `read` must return or throw an `Expected` with a short message, within a second and
 * without a leak. The event loop gets a turn now and then, as in a service, because node:zlib keeps the memory of a
 * damaged stream until then.
 */
export async function fuzz<T>(
  inputs: fc.Arbitrary<T>,
  read: (input: T) => unknown,
  Expected: abstract new (...args: never[]) => Error,
): Promise<void> {
  const before = heldBytes();
  let refused = 0;
  // `assert.fail` instead of `assert.ok`, because building the messages would cost more than reading.
  const isRefused = (input: T) => {
    try {
      read(input);
      return false;
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      if (error.message.length >= MAX_MESSAGE) assert.fail(`a message of ${error.message.length} characters`);
      return true;
    }
  };
  const property = fc.property(inputs, (input) => {
    const start = performance.now();
    if (isRefused(input)) refused++;
    const took = performance.now() - start;
    if (took < MAX_MS) return;
    // On a busy machine anything may take a second once; a reader that hangs will hang again.
    const restart = performance.now();
    isRefused(input);
    const tookAgain = performance.now() - restart;
    if (tookAgain >= MAX_MS) assert.fail(`took ${took} ms, and again ${tookAgain} ms`);
  });
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);
  for (let done = 0; done < RUNS; done += BATCH) {
    // A seed for each batch, so that the seed in a failure's message starts with the batch that failed.
    fc.assert(property, { numRuns: Math.min(BATCH, RUNS - done), seed: seed + done / BATCH, endOnFailure: true });
    await new Promise((resolve) => setTimeout(resolve));
    if (done % (COLLECT_EVERY * BATCH) === 0) collectGarbage();
  }
  assert.ok(refused > RUNS / 10, `only ${refused} of ${RUNS} were refused, so the fuzzing tried hardly anything`);
  const growth = heldBytes() - before;
  assert.ok(growth < MAX_GROWTH, `seed ${seed}: memory grew by ${growth / 2 ** 20} MB`);
}

/** Bytes of memory that the process uses after a garbage collection. */
function heldBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().rss;
}

let collect: (() => void) | undefined;

/** Forces a collection: V8 keeps hundreds of megabytes of garbage if there is room. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    // Only a context created after the flag was set has the function.
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}

/** Damaged files for tests of readers: nearly sound, so that they also reach the code after the first checks. */

const MAX_DAMAGES = 4;
/** Values that break lengths and offsets. */
const WORDS = [0, 1, 2 ** 31, 2 ** 32 - 1, 65536];

/** The sound files, each damaged in up to four ways. */
export function damaged(sound: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  // Draws a single seed: describing each damage to fast-check would take longer than reading the file.
  return fc.nat().map((seed) => {
    const dice = new Dice(seed);
    let bytes = new Uint8Array(dice.pick(sound));
    for (let left = 1 + dice.below(MAX_DAMAGES); left > 0; left--) bytes = dice.pick(DAMAGES)(bytes, dice);
    return bytes;
  });
}

type Damage = (bytes: Uint8Array<ArrayBuffer>, dice: Dice) => Uint8Array<ArrayBuffer>;

const DAMAGES: readonly Damage[] = [
  function flipBit(bytes, dice) {
    if (bytes.length > 0) bytes[dice.below(bytes.length)] ^= 1 << dice.below(8);
    return bytes;
  },
  function setByte(bytes, dice) {
    if (bytes.length > 0) bytes[dice.below(bytes.length)] = dice.below(256);
    return bytes;
  },
  function setWord(bytes, dice) {
    if (bytes.length < 4) return bytes;
    const isLittleEndian = dice.below(2) === 0;
    new DataView(bytes.buffer).setUint32(dice.below(bytes.length - 3), dice.pick(WORDS), isLittleEndian);
    return bytes;
  },
  function cutOut(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at), bytes.subarray(at + dice.below(65))]);
  },
  function cutShort(bytes, dice) {
    return bytes.slice(0, dice.below(bytes.length));
  },
  function putIn(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at), dice.bytes(dice.below(33)), bytes.subarray(at)]);
  },
  function double(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at + dice.below(257)), bytes.subarray(at)]);
  },
];

/** Random choices for tests, cheap and repeatable by seed (splitmix32, after Steele, Lea and Flood, OOPSLA 2014). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `count` − 1. */
  below(count: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return Math.floor(((word ^ (word >>> 15)) >>> 0) / 2 ** 32 * count);
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
