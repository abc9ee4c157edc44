/** Determines how many rounds a loop has, and the values of its locals in a round. */
import { type Range, UnsafeCodeError } from "./contract.ts";
import { type Expression, OP, type Statement } from "./decode.ts";
import { evaluate, readsAny, readsMemory } from "./evaluate.ts";
import { dividedBy, exactly, isExact, isSigned32, type Linear, plus, shared, type State } from "./state.ts";

/** A loop. */
export type Loop = Statement & { kind: "while" | "repeat" };

/** How a local changes in a round of a loop: by a number in a range, or in an unknown way. */
export type Change = Range | undefined;

/** The rounds of a loop. */
export interface Rounds {
  /** Number of the round, from 0, as a sum that is valid within the body. */
  round: Linear;
  /** Number of rounds, as a sum that is valid after the loop. */
  count: Linear;
  /** The largest possible number of rounds. */
  most: number;
  /** A local about which more is known within the body than how it changes. */
  held?: { local: number; range: Range };
}

const NONE: Rounds = { round: exactly(0), count: exactly(0), most: 0 };
const ENDLESS: Rounds = { round: exactly(0), count: exactly(0), most: Infinity };

/** At most, or exactly, `most` rounds. */
function upTo(most: number, state: State, isExactly = false): Rounds {
  if (most === 0) return NONE;
  const count = isExactly ? exactly(most) : state.unknown({ lo: 0, hi: most });
  return { round: state.unknown({ lo: 0, hi: most - 1 }), count, most };
}

/**
 * The rounds of a loop that begins in `state` and changes locals according to `changes`.
 * @throws {UnsafeCodeError} when it checks its condition at the end and counts down from an unknown number.
 */
export function roundsOf({ kind, condition, body }: Loop, changes: ReadonlyMap<number, Change>, state: State): Rounds {
  if (kind === "repeat") return countedDown(condition, changes, state);
  const conditions = condition.op === OP.and ? condition.operands : [condition];
  for (const part of conditions) {
    const rounds = countedUp(part, changes, state, conditions.length > 1);
    if (rounds !== undefined) return rounds;
  }
  return overBits(condition, body, state) ?? ENDLESS;
}

/** The value, after `round` rounds (at most `most`), of a local that had the value `first` before the loop. */
export function afterRounds(first: Linear, change: Change, round: Linear, most: number, state: State): Linear {
  if (change === undefined) return state.unknown();
  if (change.lo === 0 && change.hi === 0) return first;
  if (most === Infinity) return state.unknown();
  if (change.lo === change.hi) return plus(first, round, change.lo);
  return plus(first, state.unknown({ lo: Math.min(0, change.lo * most), hi: Math.max(0, change.hi * most) }));
}

/** A loop that counts a local down to 0 from a known number. */
function countedDown(condition: Expression, changes: ReadonlyMap<number, Change>, state: State): Rounds {
  const first = condition.op === OP.get ? state.locals[condition.value] : undefined;
  const change = changes.get(condition.value);
  const isCounted = change?.lo === -1 && change.hi === -1 && first !== undefined && isExact(first) &&
    first.constant > 0;
  if (!isCounted) throw new UnsafeCodeError("a loop may not end");
  return upTo(first.constant, state, true);
}

/** A loop that counts a local up to a constant end; undefined for any other loop. */
function countedUp(
  condition: Expression,
  changes: ReadonlyMap<number, Change>,
  state: State,
  mayEndEarly: boolean,
): Rounds | undefined {
  const [index, limit] = condition.operands;
  if (condition.op !== OP.ltS || index.op !== OP.get || readsMemory(limit) || readsAny(limit, changes)) {
    return undefined;
  }
  const change = changes.get(index.value), step = change?.lo ?? 0;
  if (step < 1 || change!.hi !== step) return undefined;
  const first = state.locals[index.value]!, end = evaluate(limit, state), endRange = state.rangeOf(end);
  // The last addition must not overflow either.
  if (!isSigned32(state.rangeOf(first)) || !isSigned32({ ...endRange, hi: endRange.hi + step })) return undefined;
  const distance = plus(end, first, -1), most = Math.max(0, Math.ceil(state.rangeOf(distance).hi / step));
  if (most === 0 || isExact(distance)) return upTo(most, state, !mayEndEarly);
  // The round is (index − first) / step. The index minus the terms that it shares with the end, in steps, becomes an
  // unknown, which keeps its bounds.
  const origin = shared(first, end), start = dividedBy(plus(first, origin, -1), step);
  if (start === undefined) return upTo(most, state);
  const startRange = state.rangeOf(start), hi = Math.ceil(state.rangeOf(plus(end, origin, -1)).hi / step);
  if (startRange.lo > hi - 1) return NONE;
  const round = state.unknown({ lo: startRange.lo, hi: hi - 1 });
  const count = state.unknown({ lo: startRange.lo, hi: Math.max(hi, startRange.hi) });
  return { round: plus(round, start, -1), count: plus(count, start, -1), most };
}

/** A loop over the bits of a local that clears the lowest set bits in each round; undefined for any other loop. */
function overBits(condition: Expression, body: readonly Statement[], state: State): Rounds | undefined {
  const bits = condition.value, { lo, hi } = state.rangeOf(state.locals[bits] ?? exactly(-1));
  if (condition.op !== OP.get || lo < 0 || hi >= 2 ** 31) return undefined;
  const isBits = ({ op, value }: Expression) => op === OP.get && value === bits;
  const clears = body.filter((statement) => {
    if (statement.kind !== "set" || statement.local !== bits || statement.value.op !== OP.and) return false;
    const [a, b] = statement.value.operands, [c, d] = b.operands;
    return isBits(a) && b.op === OP.sub && isBits(c) && d.op === OP.i32Const && d.value === 1;
  });
  if (clears.length === 0 || body.some((s) => !clears.includes(s) && assignedIn([s]).has(bits))) return undefined;
  const most = hi === 0 ? 0 : Math.floor(Math.log2(hi)) + 1;
  const rounds = upTo(Math.ceil(most / clears.length), state);
  return { ...rounds, held: { local: bits, range: { lo: 1, hi: Math.max(1, hi) } } };
}

const assignedBy = new WeakMap<readonly Statement[], ReadonlySet<number>>();

/** The locals that statements assign, including nested statements. */
export function assignedIn(statements: readonly Statement[]): ReadonlySet<number> {
  const known = assignedBy.get(statements);
  if (known !== undefined) return known;
  const assigned = new Set<number>();
  for (const statement of statements) {
    if (statement.kind === "set") assigned.add(statement.local);
    const parts = statement.kind === "if"
      ? [statement.then, statement.otherwise]
      : statement.kind === "while" || statement.kind === "repeat"
      ? [statement.body]
      : [];
    for (const local of parts.flatMap((part) => [...assignedIn(part)])) assigned.add(local);
  }
  assignedBy.set(statements, assigned);
  return assigned;
}
