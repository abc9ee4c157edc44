import assert from "node:assert/strict";
import { flopsPerStep } from "./bench/configs.ts";
import { compareInTurn, median, quantile, rate } from "./bench/measure.ts";
import { openPeakLoop } from "./bench/peak.ts";
import { formatted } from "./bench/case.ts";

Deno.test("the cost of a SimpleNN's step counts each layer's products, but no gradient of the images", () => {
  const flops = flopsPerStep({ spec: { modelType: "SimpleNN", hiddenLayers: [128] }, batchSize: 32 });
  assert.equal(flops, 32 * (2 * 2 * 784 * 128 + 3 * 2 * 128 * 10));
});

Deno.test("the cost of a ConvNN's step counts a product with a row for each pixel", () => {
  const flops = flopsPerStep({ spec: { modelType: "ConvNN", hiddenLayers: [] }, batchSize: 1 });
  assert.equal(flops, 2 * 2 * 784 * 9 * 32 + 3 * 2 * 196 * 288 * 64 + 3 * 2 * 3136 * 10);
});

Deno.test("medians and quantiles sort values as numbers", () => {
  assert.equal(median([10, 9, 1]), 9);
  assert.equal(median([1, 2, 3, 10]), 2.5);
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(quantile(values, 0.5), 50);
  assert.equal(quantile(values, 0.99), 99);
});

Deno.test("a rate counts units, not calls", async () => {
  let units = 0;
  const start = performance.now();
  const perSecond = await rate(() => {
    units += 1000;
    return 1000;
  }, 0.02);
  const overall = units / (performance.now() - start) * 1000;
  assert.ok(perSecond > overall / 10 && perSecond < overall * 10, `${perSecond} a second, overall ${overall}`);
});

Deno.test("ours and a peer alternate, and the ratio is the median of the pairs' ratios", async () => {
  const turns: string[] = [];
  const ours = [2, 8, 3], theirs = [1, 2, 3];
  const pair = {
    ours: () => Promise.resolve((turns.push("ours"), ours.shift()!)),
    theirs: () => Promise.resolve((turns.push("theirs"), theirs.shift()!)),
  };
  const figures = await compareInTurn(pair, { seconds: 1, pairs: 3 }, "steps/s", "Peer");
  assert.deepEqual(turns, ["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  assert.deepEqual(figures.map(({ value }) => value), [3, 2, 2]);
});

Deno.test("the loop for the peak rate computes the right result", async () => {
  await openPeakLoop();
});

Deno.test("figures have three significant digits", () => {
  const texts = [0.1234, 1.234, 12.34, 123.4, 1234.5].map((value) => formatted(value).trim());
  assert.deepEqual(texts, ["0.123", "1.23", "12.3", "123", "1,235"]);
});
