/** For tests of readers: many inputs, none of which may harm. A failure prints the seed that repeats it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { collectGarbage } from "./collect_garbage.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? (Deno.env.get("LAB_LONG") ? 100_000 : 500));
/** Inputs between two turns of the event loop. */
const BATCH = 500;
/** Batches after which garbage is collected, for V8 takes its time. */
const COLLECT_EVERY = 20;
const MAX_MS = 1000;
const MAX_MESSAGE = 2000;
const MAX_GROWTH = 200 * 2 ** 20;

/**
 * Reads every input: it may only succeed, or throw an `Expected` in words, within a second and without piling up memory.
 * As in a service, the event loop gets its turns: until one, node:zlib keeps all that a damaged stream took.
 */
export async function fuzz<T>(
  inputs: fc.Arbitrary<T>,
  read: (input: T) => unknown,
  // deno-lint-ignore no-explicit-any
  Expected: abstract new (...args: any[]) => Error,
): Promise<void> {
  const before = heldBytes();
  let refused = 0;
  /** Says whether the input was refused. Asserts are made where they fail, for their messages cost more than reading. */
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
    // On a busy machine anything may take a second once; what hangs does so again.
    const restart = performance.now();
    isRefused(input);
    const tookAgain = performance.now() - restart;
    if (tookAgain >= MAX_MS) assert.fail(`took ${took} ms, and again ${tookAgain} ms`);
  });
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);
  for (let done = 0; done < RUNS; done += BATCH) {
    // Another seed for each batch, so that the one in a failure's message begins a run with that batch.
    fc.assert(property, { numRuns: Math.min(BATCH, RUNS - done), seed: seed + done / BATCH, endOnFailure: true });
    await new Promise((resolve) => setTimeout(resolve));
    if (done % (COLLECT_EVERY * BATCH) === 0) collectGarbage();
  }
  assert.ok(refused > RUNS / 10, `only ${refused} of ${RUNS} were refused, so hardly anything was tried`);
  const growth = heldBytes() - before;
  assert.ok(growth < MAX_GROWTH, `seed ${seed}: memory grew by ${growth / 2 ** 20} MB`);
}

/** Memory of the process that something still needs. */
function heldBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().rss;
}
