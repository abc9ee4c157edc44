import assert from "node:assert/strict";
import { LossSeries, runningMean } from "./loss_series.ts";

Deno.test("a short run keeps every loss", () => {
  const series = new LossSeries();
  [[1, 2.3], [10, 1.5], [20, 1.1]].forEach(([step, loss]) => series.push(step, loss));
  assert.deepEqual(series.steps, [1, 10, 20]);
  assert.deepEqual(series.losses, [2.3, 1.5, 1.1]);
});

Deno.test("steps that were already pushed are ignored", () => {
  const series = new LossSeries();
  for (const step of [1, 10, 10, 1, 20]) series.push(step, 1);
  assert.deepEqual(series.steps, [1, 10, 20]);
});

Deno.test("a long run stays within the capacity, in order, and keeps the mean of its losses", () => {
  const series = new LossSeries(100);
  const total = 6400;
  let sum = 0;
  for (let step = 1; step <= total; step++) {
    const loss = 2 + Math.sin(step);
    sum += loss;
    series.push(step, loss);
  }
  assert.ok(series.steps.length >= 50 && series.steps.length <= 100, `${series.steps.length} points`);
  assert.ok(series.steps.every((step, i) => i === 0 || step > series.steps[i - 1]));
  const mean = series.losses.reduce<number>((sum, loss) => sum + loss!, 0) / series.losses.length;
  assert.ok(Math.abs(mean - sum / total) < 0.02, `mean ${mean}`);
});

Deno.test("a cleared series begins again at step 1", () => {
  const series = new LossSeries(4);
  for (let step = 1; step <= 9; step++) series.push(step, step);
  series.clear();
  series.push(1, 2.3);
  assert.deepEqual([series.steps, series.losses, series.first], [[1], [2.3], 2.3]);
});

Deno.test("a loss of NaN is a gap", () => {
  const series = new LossSeries();
  for (const step of [1, 2]) series.push(step, 2);
  series.push(3, null);
  assert.equal(series.diverged, true);
  series.push(4, 2);
  assert.equal(series.diverged, false);
  assert.deepEqual(series.losses, [2, 2, null, 2]);
});

Deno.test("a long run that diverges has only gaps from then on", () => {
  const series = new LossSeries(8);
  for (let step = 1; step <= 100; step++) series.push(step, step <= 37 ? 2 : null);
  const gap = series.losses.findIndex((loss) => loss === null);
  assert.ok(gap > 0 && series.steps[gap] > 37, `the first gap is at point ${gap}`);
  assert.deepEqual(new Set(series.losses.slice(0, gap)), new Set([2]));
  assert.deepEqual(new Set(series.losses.slice(gap)), new Set([null]));
});

Deno.test("the running mean follows a falling loss and smooths its noise", () => {
  const curve = (step: number) => 0.1 + 2 * Math.exp(-step / 500);
  const losses = Array.from({ length: 2000 }, (_, i) => curve(i + 1) + 0.1 * (-1) ** i);
  const means = runningMean(losses, 0.05);
  assert.equal(means[0], losses[0]);
  for (const step of [200, 500, 1000, 2000]) {
    const mean = means[step - 1]!;
    assert.ok(Math.abs(mean - curve(step)) < 0.06, `step ${step}: mean ${mean}, curve ${curve(step)}`);
  }
});

Deno.test("a share of 0 changes nothing; a share of 1 gives the mean of all values so far", () => {
  assert.deepEqual(runningMean([3, 1, 2], 0), [3, 1, 2]);
  assert.deepEqual(runningMean([3, 1, 2], 1), [3, 2, 2]);
});

Deno.test("a gap stays a gap and does not count towards the mean", () => {
  assert.deepEqual(runningMean([4, null, 2], 1), [4, null, 3]);
});

Deno.test("averaging pairs of points keeps the running mean", () => {
  const losses = Array.from({ length: 4000 }, (_, i) => 2 + Math.sin(i / 300));
  const halves = losses.filter((_, i) => i % 2 === 1).map((loss, i) => (loss + losses[2 * i]) / 2);
  const [all, half] = [runningMean(losses, 0.1), runningMean(halves, 0.1)];
  for (const i of [500, 1000, 1999]) assert.ok(Math.abs(half[i]! - all[2 * i + 1]!) < 0.02, String(i));
});
