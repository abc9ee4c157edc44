/** The verifier's knowledge at a point in a function. */
import type { Range } from "./contract.ts";
import { ANY_INTEGER, areEqual, exactly, type Linear, plus, shared, unknownOf } from "./linear.ts";

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
