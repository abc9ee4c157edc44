import assert from "node:assert/strict";
import { constant, perStep, state, type Tensor, trace } from "../../graph.ts";
import { add, matmul, neg, sum } from "../../ops/mod.ts";
import { type Schedule, schedule } from "../../schedule.ts";
import { bytesOf } from "../../shape.ts";
import { closeThreads, wasmBackend } from "./backend.ts";
import { barriersBefore, type Span } from "./hazards.ts";

/** Each state by itself, far from the others and from the arena. */
function spansOf({ locationOf }: Schedule): (node: Tensor) => Span | undefined {
  const states = new Map<string, number>();
  return (node) => {
    const place = locationOf(node);
    if (place.kind !== "state" && place.kind !== "arena") return undefined;
    if (place.kind === "state" && !states.has(place.name)) states.set(place.name, 1e6 * (states.size + 1));
    const start = place.kind === "state" ? states.get(place.name)! : place.offset;
    return { start, end: start + bytesOf(node) };
  };
}

function barriersOf(updates: () => Record<string, Tensor>, outputs: Record<string, Tensor> = {}): boolean[] {
  const scheduled = schedule(trace(() => ({ updates: updates(), outputs })));
  return barriersBefore(scheduled.items, scheduled.outputs.map(([, node]) => node), spansOf(scheduled));
}

const x = () => state("x", [8, 8]), w = () => state("w", [8, 8]);

Deno.test("what reads only what was there before the step waits for nobody", () => {
  assert.deepEqual(barriersOf(() => ({ a: matmul(x(), w()), b: matmul(w(), x()), c: neg(x()) })), [
    false,
    false,
    false,
  ]);
});

Deno.test("a reader waits for the writer, and one wait serves all that came before it", () => {
  // Two products, then two that read them.
  const barriers = barriersOf(() => {
    const first = matmul(x(), w()), second = matmul(w(), x());
    return { a: matmul(first, w()), b: matmul(second, w()) };
  });
  assert.deepEqual(barriers, [false, false, true, false]);
});

Deno.test("a state is overwritten only when all have read it", () => {
  // The product reads all of x; then come the new x, in the place of the old one, and the sum of the product.
  const barriers = barriersOf(() => ({ x: add(x(), w()), total: sum(matmul(x(), w()), 0, 1) }));
  assert.deepEqual(barriers, [false, true, false]);
});

Deno.test("an output is computed anew only when the host's side has read the last step's", async () => {
  const step = perStep((step) => step);
  assert.deepEqual(barriersOf(() => ({}), { v: add(step, constant(1)) }), [true]);
  const program = trace(() => ({ outputs: { v: add(step, constant(1)) } }));
  try {
    const session = await wasmBackend({ threads: 3 }).open({ program });
    for (let first = 0; first < 64 * 200; first += 64) {
      const { v } = await session.run("program", first, 64);
      assert.deepEqual([...v], Array.from({ length: 64 }, (_, i) => first + i + 1));
    }
    session.close();
  } finally {
    closeThreads();
  }
});
