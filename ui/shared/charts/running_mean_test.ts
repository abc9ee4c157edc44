import assert from "node:assert/strict";
import { runningMean } from "./running_mean.ts";

Deno.test("the running mean follows a falling loss closely and smooths noise away", () => {
  const curve = (step: number) => 0.1 + 2 * Math.exp(-step / 500);
  const losses = Array.from({ length: 2000 }, (_, i) => curve(i + 1) + 0.1 * (-1) ** i);
  const means = runningMean(losses, 0.05);
  assert.equal(means[0], losses[0]);
  for (const step of [200, 500, 1000, 2000]) {
    const mean = means[step - 1]!;
    assert.ok(Math.abs(mean - curve(step)) < 0.06, `step ${step}: mean ${mean}, curve ${curve(step)}`);
  }
});

Deno.test("without smoothing the losses stay as they are; with all of it, each is the mean of all so far", () => {
  assert.deepEqual(runningMean([3, 1, 2], 0), [3, 1, 2]);
  assert.deepEqual(runningMean([3, 1, 2], 1), [3, 2, 2]);
});

Deno.test("a gap stays a gap, and no part of the mean", () => {
  assert.deepEqual(runningMean([4, null, 2], 1), [4, null, 3]);
});

Deno.test("a curve that was thinned out by averaging pairs keeps its running mean", () => {
  const losses = Array.from({ length: 4000 }, (_, i) => 2 + Math.sin(i / 300));
  const halves = losses.filter((_, i) => i % 2 === 1).map((loss, i) => (loss + losses[2 * i]) / 2);
  const [all, half] = [runningMean(losses, 0.1), runningMean(halves, 0.1)];
  for (const i of [500, 1000, 1999]) assert.ok(Math.abs(half[i]! - all[2 * i + 1]!) < 0.02, String(i));
});
