import assert from "node:assert/strict";
import { formatCount, formatDuration, formatMilliseconds, formatPercent, formatShare, plural } from "./format.ts";

Deno.test("durations are written in their largest units", () => {
  const cases = [[0.84, "0.8 s"], [9.96, "10 s"], [42.4, "42 s"], [59.7, "1 min"], [185, "3 min 5 s"], [
    3720,
    "1 h 2 min",
  ]];
  for (const [seconds, text] of cases) assert.equal(formatDuration(Number(seconds)), text);
});

Deno.test("milliseconds have one decimal place below 10", () => {
  assert.deepEqual([0.04, 0.84, 9.96, 12.4].map(formatMilliseconds), ["0.0 ms", "0.8 ms", "10 ms", "12 ms"]);
});

Deno.test("counts are grouped in thousands and percentages have two decimal places", () => {
  assert.equal(formatCount(109_386), "109,386");
  assert.equal(formatPercent(94.1), "94.10 %");
  assert.equal(plural(1, "step"), "1 step");
  assert.equal(plural(4690, "step"), "4,690 steps");
});

Deno.test("a probability is never rounded to 0 % or 100 %", () => {
  assert.deepEqual([1, 0.99951, 0.9949, 0.5, 0.0006, 0.0004, 0].map(formatShare), [
    "> 99.9 %",
    "> 99.9 %",
    "99.5 %",
    "50.0 %",
    "0.1 %",
    "< 0.1 %",
    "< 0.1 %",
  ]);
});
