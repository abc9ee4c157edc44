/** Compares arrays of numbers. A failure names the first and the worst difference instead of printing both arrays. */
import { AssertionError } from "node:assert/strict";

/** How far actual values may be from expected ones: `relative · |expected| + absolute`. */
export interface Tolerance {
  /** @default 1e-5 */
  relative?: number;
  /** @default 1e-6 */
  absolute?: number;
}

/**
 * Asserts that two arrays have the same length and close elements. NaN equals NaN, and an infinity equals itself.
 * @throws {AssertionError} When they differ; `what` names the values in the message.
 */
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
  const element = (i: number) => `[${i}] is ${actual[i]}, expected ${expected[i]}`;
  throw new AssertionError({
    message: `${what}: ${count} of ${expected.length} differ by more than ${relative} relative + ${absolute}; ` +
      `first ${element(first)}; worst ${element(worst)}`,
  });
}
