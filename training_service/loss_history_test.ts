import assert from "node:assert/strict";
import { LossHistory } from "./loss_history.ts";

function stepsAfter(count: number, capacity?: number): number[] {
  const history = new LossHistory(capacity);
  for (let step = 1; step <= count; step++) history.add([step, 1 / step]);
  return history.points.map(([step]) => step);
}

Deno.test("up to its capacity every loss is remembered", () => {
  assert.deepEqual(stepsAfter(0, 8), []);
  assert.deepEqual(stepsAfter(8, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("beyond it every second loss goes, evenly, and the first and the latest stay", () => {
  assert.deepEqual(stepsAfter(9, 8), [1, 3, 5, 7, 9]);
  assert.deepEqual(stepsAfter(10, 8), [1, 3, 5, 7, 9, 10]);
  assert.deepEqual(stepsAfter(38, 8), [1, 9, 17, 25, 33, 38]);
});

Deno.test("the longest run there can be leaves at most 20,001 losses, from its whole length", () => {
  const steps = stepsAfter(1_200_001);
  assert(steps.length > 10_000 && steps.length <= 20_001, `${steps.length} losses`);
  assert.deepEqual([steps[0], steps.at(-1)], [1, 1_200_001]);
  const gaps = steps.slice(1).map((step, i) => step - steps[i]);
  assert.equal(Math.max(...gaps), gaps[0]);
});
