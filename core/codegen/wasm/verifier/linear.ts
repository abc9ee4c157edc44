/**
 * The verifier's representation of a 32-bit integer: a constant plus unknowns times constants. Two addresses that
 * advance together are sums over the same unknown, so their relation is not lost.
 */
import type { Range } from "./contract.ts";

/** constant + Σ factor · unknown, an integer that is correct modulo 2³². */
export interface Linear {
  readonly constant: number;
  /** Factors by unknown; none of them is 0. */
  readonly terms: ReadonlyMap<number, number>;
}

const NONE: ReadonlyMap<number, number> = new Map();

/** A known number. */
export function exactly(constant: number): Linear {
  return { constant, terms: NONE };
}

/** An unknown. */
export function unknownOf(id: number): Linear {
  return { constant: 0, terms: new Map([[id, 1]]) };
}

/** a + factor · b. */
export function plus(a: Linear, b: Linear, factor = 1): Linear {
  const constant = a.constant + factor * b.constant;
  if (b.terms.size === 0 || factor === 0) return { constant, terms: a.terms };
  const terms = new Map(a.terms);
  for (const [id, value] of b.terms) {
    const sum = (terms.get(id) ?? 0) + factor * value;
    if (sum === 0) terms.delete(id);
    else terms.set(id, sum);
  }
  return { constant, terms };
}

/** factor · a. */
export function times(a: Linear, factor: number): Linear {
  return plus(exactly(0), a, factor);
}

/** Whether `a` is a known number. */
export function isExact(a: Linear): boolean {
  return a.terms.size === 0;
}

/** Whether both are the same sum. */
export function areEqual(a: Linear, b: Linear): boolean {
  return a === b || a.constant === b.constant && a.terms.size === b.terms.size &&
      [...a.terms].every(([id, factor]) => b.terms.get(id) === factor);
}

/** a / divisor, if every factor and the constant are multiples of it. */
export function dividedBy(a: Linear, divisor: number): Linear | undefined {
  const isMultiple = (value: number) => value % divisor === 0;
  if (!isMultiple(a.constant) || ![...a.terms.values()].every(isMultiple)) return undefined;
  return { constant: a.constant / divisor, terms: new Map([...a.terms].map(([id, f]) => [id, f / divisor])) };
}

/** Every 32-bit integer, signed. */
export const ANY_INTEGER: Range = { lo: -(2 ** 31), hi: 2 ** 31 - 1 };

/** Whether a range contains only signed 32-bit integers, so that comparing the integers compares the sums. */
export function isSigned32({ lo, hi }: Range): boolean {
  return lo >= ANY_INTEGER.lo && hi <= ANY_INTEGER.hi;
}

/** The constant of `a`, and the terms that it has in common with `b`. */
export function shared(a: Linear, b: Linear): Linear {
  return { constant: a.constant, terms: new Map([...a.terms].filter(([id, factor]) => b.terms.get(id) === factor)) };
}
