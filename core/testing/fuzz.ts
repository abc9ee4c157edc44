/** Fuzzes file readers: no input may do harm. A failure prints the seed that repeats it. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

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
