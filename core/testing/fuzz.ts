/** For tests of readers: random damage to sound files, so that deep code is reached. A failure prints seed and path to repeat it. */
import assert from "node:assert/strict";
import fc from "fast-check";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? (Deno.env.get("LAB_LONG") ? 100_000 : 500));
const MAX_MS = 1000;
const MAX_GROWTH = 200 * 2 ** 20;

/** Sound files, each damaged a few times: bits, bytes, lengths, runs cut out, doubled or put in. */
export function damaged(sound: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const damage = fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant("set" as const), at: place, value: fc.nat(255) }),
    fc.record({
      kind: fc.constant("word" as const),
      at: place,
      value: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, 65536),
    }),
    fc.record({ kind: fc.constant("cut" as const), at: place, length: fc.nat(64) }),
    fc.record({ kind: fc.constant("end" as const), at: place }),
    fc.record({ kind: fc.constant("insert" as const), at: place, bytes: fc.uint8Array({ maxLength: 32 }) }),
    fc.record({ kind: fc.constant("double" as const), at: place, length: fc.nat(256) }),
  );
  return fc.tuple(fc.constantFrom(...sound), fc.array(damage, { minLength: 1, maxLength: 4 })).map(
    ([file, damages]) => {
      let bytes = new Uint8Array(file);
      for (const damage of damages) bytes = apply(bytes, damage);
      return bytes;
    },
  );
}

interface Damage {
  kind: string;
  at: number;
  bit?: number;
  value?: number;
  length?: number;
  bytes?: Uint8Array;
}

function apply(bytes: Uint8Array<ArrayBuffer>, { kind, at, bit = 0, value = 0, length = 0, bytes: more }: Damage) {
  const i = Math.floor(at * bytes.length);
  if (kind === "flip") bytes[i] ^= 1 << bit;
  else if (kind === "set") bytes[i] = value;
  else if (kind === "word" && i + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(i, value, true);
  else if (kind === "cut") return join(bytes.subarray(0, i), bytes.subarray(i + length));
  else if (kind === "end") return bytes.slice(0, i);
  else if (kind === "insert") return join(bytes.subarray(0, i), more!, bytes.subarray(i));
  else if (kind === "double") return join(bytes.subarray(0, i + length), bytes.subarray(i));
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Reads every input: it may only succeed, or throw an `Expected` in words, within a second and without piling up memory. */
export function fuzz<T>(
  inputs: fc.Arbitrary<T>,
  read: (input: T) => unknown,
  // deno-lint-ignore no-explicit-any
  Expected: abstract new (...args: any[]) => Error,
): void {
  const before = Deno.memoryUsage().rss;
  let refused = 0;
  const property = fc.property(inputs, (input) => {
    const start = performance.now();
    try {
      read(input);
    } catch (error) {
      assert.ok(error instanceof Expected, `threw ${error instanceof Error ? error.stack : error}`);
      assert.ok(error.message.length < 2000, `a message of ${error.message.length} characters`);
      refused++;
    }
    const took = performance.now() - start;
    assert.ok(took < MAX_MS, `took ${took} ms`);
  });
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);
  fc.assert(property, { numRuns: RUNS, seed, endOnFailure: true });
  assert.ok(refused > RUNS / 10, `only ${refused} of ${RUNS} were refused, so hardly anything was tried`);
  const growth = Deno.memoryUsage().rss - before;
  assert.ok(growth < MAX_GROWTH, `seed ${seed}: memory grew by ${growth / 2 ** 20} MB`);
}
