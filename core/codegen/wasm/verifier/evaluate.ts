/** Evaluates expressions over sums of unknowns, and derives facts from conditions that are true. */
import { ACCESSES, type Expression, OP } from "./decode.ts";
import { dividedBy, exactly, isExact, isSigned32, type Linear, plus, type State, times } from "./state.ts";

/** Called with each access of an expression. */
export type CheckAccess = (address: Linear, offset: number, access: { bytes: number; writes: boolean }) => void;

/** Stands for values that are not 32-bit integers. It satisfies no comparison, so nothing can be proved with it. */
const NO_INTEGER = exactly(NaN);

const F32_LOAD = 0x2a, I64_CONST = 0x42, F32_CONST = 0x43, F32_CONVERT = 0xb3;

/** Whether an instruction's result is not a 32-bit integer. */
function givesNoInteger(op: number): boolean {
  if (op >= 0xfd000 && op < 0xfe000) return op !== OP.i8x16Bitmask && op !== OP.i32x4Bitmask;
  return op === F32_LOAD || op === I64_CONST || op === F32_CONST || op === F32_CONVERT;
}

/** Beyond it, sums would no longer be exact in float64. */
const MAX_FACTOR = 2 ** 40;
const MAX_INTEGER = 2 ** 31 - 1;

/** `value`, or an unknown instead if the sum is too large to be exact. */
function inBounds(value: Linear, state: State): Linear {
  const isLarge = [value.constant, ...value.terms.values()].some((factor) => Math.abs(factor) > MAX_FACTOR);
  return isLarge ? state.unknown() : value;
}

/** The value of an expression. `check` is called for each access in it, in order. */
export function evaluate({ op, value, operands }: Expression, state: State, check?: CheckAccess): Linear {
  if (op === OP.i32Const) return exactly(value);
  if (op === OP.get) return state.locals[value] ?? NO_INTEGER;
  const values = operands.map((operand) => evaluate(operand, state, check)), [a, b] = values;
  const access = ACCESSES.get(op);
  if (access !== undefined) check?.(a, value, access);
  if (givesNoInteger(op)) return NO_INTEGER;
  const range = a && state.rangeOf(a), known = b && isExact(b) ? b.constant : undefined;
  const atMost = (most: number) => state.unknown({ lo: 0, hi: most });
  switch (op) {
    case OP.add:
      return inBounds(plus(a, b), state);
    case OP.sub:
      return inBounds(plus(a, b, -1), state);
    case OP.mul:
      if (isExact(a)) return inBounds(times(b, a.constant), state);
      return known === undefined ? state.unknown() : inBounds(times(a, known), state);
    case OP.shl:
      return known === undefined ? state.unknown() : inBounds(times(a, 2 ** (known & 31)), state);
    case OP.shrU:
      return known === undefined ? state.unknown() : quotient(a, 2 ** (known & 31), state);
    case OP.divU:
      return known === undefined || known < 1 ? state.unknown() : quotient(a, known, state);
    case OP.remU:
      if (known === undefined || known < 1) return state.unknown();
      return range.lo >= 0 && range.hi < known ? a : atMost(known - 1);
    case OP.and: {
      const most = Math.min(...values.map((v) => state.rangeOf(v)).map(({ lo, hi }) => lo < 0 ? Infinity : hi));
      return most <= MAX_INTEGER ? atMost(most) : state.unknown();
    }
    case OP.ctz:
      return atMost(range.lo < 1 || range.hi > MAX_INTEGER ? 32 : Math.floor(Math.log2(range.hi)));
    case OP.i32Load8u:
      return atMost(255);
    case OP.i8x16Bitmask:
      return atMost(65535);
    case OP.i32x4Bitmask:
      return atMost(15);
  }
  const isComparison = op >= OP.eqz && op <= OP.geU;
  return isComparison ? atMost(1) : state.unknown();
}

/** ⌊a / divisor⌋ of `a` as an unsigned integer. */
function quotient(a: Linear, divisor: number, state: State): Linear {
  const { lo, hi } = state.rangeOf(a);
  if (divisor === 1) return a;
  if (lo < 0 || hi >= 2 ** 32) return state.unknown({ lo: 0, hi: Math.floor((2 ** 32 - 1) / divisor) });
  return dividedBy(a, divisor) ?? state.unknown({ lo: Math.floor(lo / divisor), hi: Math.floor(hi / divisor) });
}

/** The comparison that holds if another does not. */
const OPPOSITE: Readonly<Record<number, number>> = {
  [OP.ltS]: OP.geS,
  [OP.geS]: OP.ltS,
  [OP.gtS]: OP.leS,
  [OP.leS]: OP.gtS,
  [OP.eq]: OP.ne,
  [OP.ne]: OP.eq,
  [OP.ltU]: OP.geU,
  [OP.geU]: OP.ltU,
};

/** Records in `state` that a condition is true or false. */
export function assume({ op, operands, value }: Expression, isTrue: boolean, state: State): void {
  if (op === OP.eqz) return assume(operands[0], !isTrue, state);
  if (op === OP.and) return isTrue ? operands.forEach((operand) => assume(operand, true, state)) : undefined;
  if (op === OP.get) {
    const held = state.locals[value];
    return held && assumeRelation(held, isTrue ? OP.ne : OP.eq, exactly(0), state, value);
  }
  const opposite = OPPOSITE[op];
  // A load may give a different value the next time, so its current value proves nothing.
  if (opposite === undefined || operands.some(readsMemory)) return;
  const [a, b] = operands.map((operand) => evaluate(operand, state));
  const local = operands[0].op === OP.get ? operands[0].value : undefined;
  assumeRelation(a, isTrue ? op : opposite, b, state, local);
}

/** Records a relation between `a` (the value of `local`, if that is given) and `b`. */
function assumeRelation(a: Linear, relation: number, b: Linear, state: State, local?: number): void {
  const left = state.rangeOf(a), right = state.rangeOf(b);
  if (relation === OP.ltU && isExact(b) && b.constant >= 0) {
    const range = { lo: 0, hi: b.constant - 1 };
    if (isSigned32(left)) state.restrict(a, range, local);
    // The sum is only right modulo 2³², so the local gets its own unknown.
    else if (local !== undefined) state.locals[local] = state.unknown(range);
  }
  // Otherwise comparing the integers says nothing about the sums.
  if (!isSigned32(left) || !isSigned32(right)) return;
  const note = (forA: [number, number], forB: [number, number]) => {
    state.restrict(a, { lo: forA[0], hi: forA[1] }, local);
    state.restrict(b, { lo: forB[0], hi: forB[1] });
  };
  if (relation === OP.ltS) note([-Infinity, right.hi - 1], [left.lo + 1, Infinity]);
  if (relation === OP.leS) note([-Infinity, right.hi], [left.lo, Infinity]);
  if (relation === OP.gtS) note([right.lo + 1, Infinity], [-Infinity, left.hi - 1]);
  if (relation === OP.geS) note([right.lo, Infinity], [-Infinity, left.hi]);
  if (relation === OP.eq) note([right.lo, right.hi], [left.lo, left.hi]);
  if (relation === OP.ne && isExact(b)) {
    const lo = left.lo === b.constant ? b.constant + 1 : left.lo,
      hi = left.hi === b.constant ? b.constant - 1 : left.hi;
    state.restrict(a, { lo, hi }, local);
  }
}

/** Whether evaluating an expression reads memory. */
export function readsMemory({ op, operands }: Expression): boolean {
  return ACCESSES.has(op) || operands.some(readsMemory);
}

/** Whether an expression reads one of some locals. */
export function readsAny({ op, value, operands }: Expression, locals: ReadonlyMap<number, unknown>): boolean {
  return (op === OP.get && locals.has(value)) || operands.some((operand) => readsAny(operand, locals));
}
