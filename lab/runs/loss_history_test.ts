import assert from "node:assert/strict";
import type { LossPoint } from "../../protocol/mod.ts";
import { LossHistory, thinned } from "./loss_history.ts";

function stepsAfter(count: number, capacity?: number): number[] {
  const history = new LossHistory(capacity);
  for (let step = 1; step <= count; step++) history.add([step, 1 / step]);
  return history.points.map(([step]) => step);
}

Deno.test("every loss is kept up to the capacity", () => {
  assert.deepEqual(stepsAfter(0, 8), []);
  assert.deepEqual(stepsAfter(8, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("beyond the capacity every second loss is dropped, and the first and the latest stay", () => {
  assert.deepEqual(stepsAfter(9, 8), [1, 3, 5, 7, 9]);
  assert.deepEqual(stepsAfter(10, 8), [1, 3, 5, 7, 9, 10]);
  assert.deepEqual(stepsAfter(38, 8), [1, 9, 17, 25, 33, 38]);
});

Deno.test("the longest possible run keeps at most 20,001 losses, over its whole length", () => {
  const steps = stepsAfter(1_200_001);
  assert(steps.length > 10_000 && steps.length <= 20_001, `${steps.length} losses`);
  assert.deepEqual([steps[0], steps.at(-1)], [1, 1_200_001]);
  const gaps = steps.slice(1).map((step, i) => step - steps[i]);
  assert.equal(Math.max(...gaps), gaps[0]);
});

Deno.test("thinned points are spread evenly over the steps and include the first and the last", () => {
  // As after resuming a run: its first half was thinned before.
  const points: LossPoint[] = [];
  for (let step = 0; step < 5000; step += 50) points.push([step, step]);
  for (let step = 5000; step <= 10_000; step++) points.push([step, step]);
  for (const most of [2, 10, 101]) {
    const kept = thinned(points, most);
    assert(kept.length <= most && kept.length >= most - 1, `${kept.length} of at most ${most}`);
    assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
    const widest = Math.max(...kept.slice(1).map(([step], i) => step - kept[i][0]));
    assert(widest <= 2 * 10_000 / (most - 1), `a gap of ${widest} steps`);
  }
  assert.deepEqual(thinned(points.slice(0, 3), 3), points.slice(0, 3));
  assert.deepEqual(thinned([], 3), []);
});
