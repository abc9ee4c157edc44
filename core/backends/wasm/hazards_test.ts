import assert from "node:assert/strict";
import { state, type Tensor, trace } from "../../graph.ts";
import { add, matmul, neg, sum } from "../../ops/mod.ts";
import { type Schedule, schedule } from "../../schedule.ts";
import { bytesOf } from "../../shape.ts";
import { barriersBefore, type Span } from "./hazards.ts";

/** Each state by itself, far from the others and from the arena. */
function spansOf({ placeOf }: Schedule): (node: Tensor) => Span | undefined {
  const states = new Map<string, number>();
  return (node) => {
    const place = placeOf(node);
    if (place.kind !== "state" && place.kind !== "arena") return undefined;
    if (place.kind === "state" && !states.has(place.name)) states.set(place.name, 1e6 * (states.size + 1));
    const start = place.kind === "state" ? states.get(place.name)! : place.offset;
    return { start, end: start + bytesOf(node) };
  };
}

function barriersOf(updates: () => Record<string, Tensor>): boolean[] {
  const scheduled = schedule(trace(() => ({ updates: updates() })));
  return barriersBefore(scheduled.items, spansOf(scheduled));
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
