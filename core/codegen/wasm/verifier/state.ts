/**
 * The verifier's knowledge at a point in a function. It represents a 32-bit integer as a constant plus unknowns times
 * constants. Two addresses that advance together are sums over the same unknown, so their relation is not lost.
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
function unknownOf(id: number): Linear {
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
function areEqual(a: Linear, b: Linear): boolean {
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
const ANY_INTEGER: Range = { lo: -(2 ** 31), hi: 2 ** 31 - 1 };

/** Whether a range contains only signed 32-bit integers, so that comparing the integers compares the sums. */
export function isSigned32({ lo, hi }: Range): boolean {
  return lo >= ANY_INTEGER.lo && hi <= ANY_INTEGER.hi;
}

/** The constant of `a`, and the terms that it has in common with `b`. */
export function shared(a: Linear, b: Linear): Linear {
  return { constant: a.constant, terms: new Map([...a.terms].filter(([id, factor]) => b.terms.get(id) === factor)) };
}

/** The knowledge at a point in a function: the values of its locals and the ranges of the unknowns. */
export class State {
  /** By index; undefined for locals that are not 32-bit integers. */
  locals: (Linear | undefined)[];
  /** By unknown; undefined for an unknown of another branch. */
  #ranges: (Range | undefined)[];
  /**
   * Shared by all states of a function: the next unknown, and the unknown that is the address of scratch memory.
   */
  readonly #ids: { next: number; scratch?: number };
  /** Whether this point cannot be reached. */
  isDead = false;

  constructor(
    locals: readonly (Linear | undefined)[] = [],
    ranges: readonly (Range | undefined)[] = [],
    ids: { next: number; scratch?: number } = { next: 0 },
  ) {
    this.locals = locals.slice();
    this.#ranges = ranges.slice();
    this.#ids = ids;
  }

  /** An independent copy. */
  copy(): State {
    const copy = new State(this.locals, this.#ranges, this.#ids);
    copy.isDead = this.isDead;
    return copy;
  }

  /** A new unknown in `range`. */
  unknown(range: Range = ANY_INTEGER): Linear {
    return range.lo === range.hi ? exactly(range.lo) : this.#named(range);
  }

  /** The unknown address of scratch memory, in `range`. */
  scratch(range: Range): Linear {
    this.#ids.scratch = this.#ids.next;
    return this.#named(range);
  }

  /** The distance of `value` from the address of scratch memory; undefined if it is unrelated to it. */
  offsetInScratch(value: Linear): Linear | undefined {
    const { scratch } = this.#ids;
    return scratch !== undefined && value.terms.get(scratch) === 1 ? plus(value, unknownOf(scratch), -1) : undefined;
  }

  #named(range: Range): Linear {
    const id = this.#ids.next++;
    this.#ranges[id] = range;
    return unknownOf(id);
  }

  /** The range of a sum. */
  rangeOf({ constant, terms }: Linear): Range {
    let lo = constant, hi = constant;
    for (const [id, factor] of terms) {
      const range = this.#ranges[id]!;
      lo += factor * (factor > 0 ? range.lo : range.hi);
      hi += factor * (factor > 0 ? range.hi : range.lo);
    }
    return { lo, hi };
  }

  /** The same sum without unknowns whose value has become known. */
  resolve({ constant, terms }: Linear): Linear {
    const open = new Map(terms);
    for (const [id, factor] of terms) {
      const { lo, hi } = this.#ranges[id]!;
      if (lo === hi && open.delete(id)) constant += factor * lo;
    }
    return { constant, terms: open };
  }

  /**
   * Records that `value` (the value of `local`, if that is given) is in `range`. If it is a sum of several unknowns,
   * the local gets a new unknown instead, unless it is an address in scratch memory, which would then no longer be
   * recognised as one.
   */
  restrict(value: Linear, range: Range, local?: number): void {
    const present = this.rangeOf(value);
    const lo = Math.max(present.lo, range.lo), hi = Math.min(present.hi, range.hi);
    if (lo > hi) this.isDead = true;
    if (lo > hi || (lo === present.lo && hi === present.hi)) return;
    const [[id, factor], ...others] = value.terms;
    if (others.length > 0) {
      if (local !== undefined && !this.offsetInScratch(value)) this.locals[local] = this.unknown({ lo, hi });
      return;
    }
    const [a, b] = [lo, hi].map((bound) => (bound - value.constant) / factor), known = this.#ranges[id]!;
    const least = Math.max(known.lo, Math.ceil(Math.min(a, b))), most = Math.min(known.hi, Math.floor(Math.max(a, b)));
    this.#ranges[id] = { lo: least, hi: most };
    if (least > most) this.isDead = true;
  }

  /** Reduces this state to what is known if either it or `other` holds. Both must come from the same state. */
  join(other: State): void {
    if (other.isDead) return;
    if (this.isDead) {
      this.isDead = false;
      this.locals = other.locals.slice();
      this.#ranges = other.#ranges.slice();
      return;
    }
    const before = this.#ranges;
    this.#ranges = before.slice();
    other.#ranges.forEach((theirs, id) => {
      const mine = before[id];
      if (mine === theirs || theirs === undefined) return;
      this.#ranges[id] = mine ? { lo: Math.min(mine.lo, theirs.lo), hi: Math.max(mine.hi, theirs.hi) } : theirs;
    });
    this.locals.forEach((mine, i) => {
      const theirs = other.locals[i];
      if (mine === undefined || theirs === undefined || areEqual(mine, theirs)) return;
      const common = shared(mine, theirs);
      const a = new State([], before).rangeOf(plus(mine, common, -1)), b = other.rangeOf(plus(theirs, common, -1));
      this.locals[i] = plus(common, this.unknown({ lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }));
    });
  }
}
