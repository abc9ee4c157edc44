import assert from "node:assert/strict";
import { ChartOptions } from "./chart_options.ts";

function remembering(kept: Record<string, string> = {}) {
  const values = new Map(Object.entries(kept));
  return {
    get: (name: string) => values.get(name) ?? null,
    set: (name: string, value: string) => void values.set(name, value),
  };
}

Deno.test("choices are remembered for the next visit", () => {
  const preferences = remembering();
  const options = new ChartOptions(preferences);
  assert.deepEqual([options.smoothing.value, options.logScale.value], [5, false]);
  options.smooth(12);
  options.useLogScale(true);
  const next = new ChartOptions(preferences);
  assert.deepEqual([next.smoothing.value, next.logScale.value], [12, true]);
});

Deno.test("an invalid smoothing is ignored", () => {
  for (const strange of ["", "much", "-1", "400"]) {
    assert.equal(new ChartOptions(remembering({ "chart.smoothing": strange })).smoothing.value, 5, `"${strange}"`);
  }
});
