/** Comparison of numeric arrays whose failure names the first and the worst place instead of printing both arrays. */
import { AssertionError } from "node:assert/strict";

export interface Tolerance {
  /** Allowed difference, relative to the expected value. */
  relative?: number;
  /** Allowed difference, absolute; added to the relative one. */
  absolute?: number;
}

export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 1e-5, absolute = 1e-6 }: Tolerance = {},
  what = "values",
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError({ message: `${what}: ${actual.length} elements, expected ${expected.length}` });
  }
  let first = -1, worst = -1, worstExcess = 0, count = 0;
  for (let i = 0; i < expected.length; i++) {
    const allowed = absolute + relative * Math.abs(expected[i]);
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference <= allowed || Object.is(actual[i], expected[i])) continue;
    count++;
    if (first < 0) first = i;
    const excess = Number.isNaN(difference) ? Infinity : difference / allowed;
    if (worst < 0 || excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  if (first < 0) return;
  const place = (i: number) => `[${i}] is ${actual[i]}, expected ${expected[i]}`;
  throw new AssertionError({
    message: `${what}: ${count} of ${expected.length} differ by more than ${relative} relative + ${absolute}; ` +
      `first ${place(first)}; worst ${place(worst)}`,
  });
}
