/**
 * Proves that every access of a function is within the memory that its contract names, for all arguments that the
 * contract allows and whatever the memory contains. Code that cannot be proved safe is refused, even if it is safe.
 *
 * The function is run once over sums of unknowns (`state.ts`) instead of numbers: an argument, a loop's round and a
 * value from memory are unknowns with a range. A loop's body is run with the locals as they are in any of its rounds:
 * locals that each round changes by the same amount are sums over the number of the round.
 */
import type { Code } from "../assembler/encoding.ts";
import { type Contract, requireWithin, UnsafeCodeError } from "./contract.ts";
import { decode, type Expression, type Statement } from "./decode.ts";
import { assume, type CheckAccess, evaluate } from "./evaluate.ts";
import { dividedBy, exactly, isSigned32, type Linear, plus, State } from "./state.ts";
import { afterRounds, assignedIn, type Change, type Loop, roundsOf } from "./rounds.ts";

/** A function of a module. */
export interface VerifiedFunction {
  readonly name: string;
  /** Its instructions. */
  readonly code: Code;
  /** The types of all locals, parameters first. */
  readonly localTypes: readonly string[];
  /** Undefined if it has none: then it is not verified, and verified functions cannot call it. */
  readonly contract?: Contract;
}

/**
 * Proves that every function of a module keeps its contract, and that the contracts are within a memory of `bytes`
 * bytes.
 * @throws {UnsafeCodeError} when that cannot be proved; the message names the function and the access.
 */
export function verifyFunctions(functions: readonly VerifiedFunction[], bytes: number): void {
  functions.forEach(({ name, contract }, index) => {
    if (contract === undefined) return;
    try {
      requireWithin(contract, bytes);
      new Verification(functions, index, contract).run();
    } catch (error) {
      if (!(error instanceof UnsafeCodeError)) throw error;
      throw new UnsafeCodeError(`function ${name} cannot be shown to be safe: ${error.message}`);
    }
  });
}

class Verification {
  readonly #functions: readonly VerifiedFunction[];
  readonly #index: number;
  readonly #contract: Contract;
  /** Whether accesses are unchecked, because a loop's body is run only to find out what it changes. */
  #isTrial = false;

  constructor(functions: readonly VerifiedFunction[], index: number, contract: Contract) {
    this.#functions = functions;
    this.#index = index;
    this.#contract = contract;
  }

  run(): void {
    const { code, localTypes } = this.#functions[this.#index], { arguments: ranges, scratch } = this.#contract;
    const state = new State();
    localTypes.forEach((type, i) => {
      const isParameter = i < ranges.length, range = ranges[i];
      if (type !== "i32") state.locals[i] = undefined;
      else if (!isParameter) state.locals[i] = exactly(0);
      else state.locals[i] = scratch?.parameter === i ? state.scratch(range!) : state.unknown(range);
    });
    this.#runAll(decode(code, (callee) => this.#contractOf(callee).arguments.length), state);
  }

  #contractOf(callee: number): Contract {
    // Functions can only call earlier functions, so there is no recursion.
    const called = this.#functions.slice(0, this.#index)[callee]?.contract;
    if (called === undefined) throw new UnsafeCodeError(`it calls function ${callee}`);
    return called;
  }

  #runAll(statements: readonly Statement[], state: State): void {
    for (const statement of statements) {
      if (state.isDead) return;
      this.#run(statement, state);
    }
  }

  #run(statement: Statement, state: State): void {
    switch (statement.kind) {
      case "set": {
        const value = this.#evaluate(statement.value, state);
        if (state.locals[statement.local] !== undefined) state.locals[statement.local] = value;
        return;
      }
      case "do":
        this.#evaluate(statement.value, state);
        return;
      case "leave":
        state.isDead = true;
        return;
      case "call":
        return this.#call(statement.callee, statement.operands.map((operand) => this.#evaluate(operand, state)), state);
      case "if": {
        this.#evaluate(statement.condition, state);
        const otherwise = state.copy();
        assume(statement.condition, true, state);
        this.#runAll(statement.then, state);
        assume(statement.condition, false, otherwise);
        this.#runAll(statement.otherwise, otherwise);
        return state.join(otherwise);
      }
      case "while":
      case "repeat":
        return this.#loop(statement, state);
    }
  }

  #call(callee: number, values: readonly Linear[], state: State): void {
    this.#contractOf(callee).arguments.forEach((allowed, i) => {
      if (allowed === undefined || this.#isTrial) return;
      const value = state.resolve(values[i]), { lo, hi } = state.rangeOf(value);
      const isInStep = dividedBy(plus(value, exactly(-allowed.lo)), allowed.step ?? 1) !== undefined;
      if (lo >= allowed.lo && hi <= allowed.hi && isInStep) return;
      throw new UnsafeCodeError(`it calls function ${callee} with ${lo} to ${hi} as argument ${i}`);
    });
  }

  #evaluate(expression: Expression, state: State): Linear {
    const check: CheckAccess = (address, offset, access) => this.#check(address, offset, access, state);
    return evaluate(expression, state, this.#isTrial ? undefined : check);
  }

  #check(address: Linear, offset: number, { bytes, writes }: { bytes: number; writes: boolean }, state: State): void {
    const { scratch, writes: writable, reads } = this.#contract;
    const inScratch = scratch && state.offsetInScratch(address);
    const { lo, hi } = state.rangeOf(address), touched = state.rangeOf(inScratch ?? address);
    const start = touched.lo + offset, end = touched.hi + offset + bytes;
    const spans = inScratch ? [{ start: 0, end: scratch!.bytes }] : writes ? writable : [...writable, ...reads];
    // Only then is the sum the address itself, and not just equal to it modulo 2³².
    const isAddress = lo >= 0 && hi < 2 ** 32;
    if (isAddress && spans.some((span) => start >= span.start && end <= span.end)) return;
    const where = inScratch ? "scratch memory" : "memory";
    throw new UnsafeCodeError(`it may ${writes ? "write" : "read"} bytes ${start} to ${end} of ${where}`);
  }

  #loop(loop: Loop, state: State): void {
    const { kind, condition, body } = loop, changes = this.#changesIn(loop, state);
    const { round, count, most, held } = roundsOf(loop, changes, state);
    const after = state.copy();
    for (const [local, change] of changes) {
      after.locals[local] = afterRounds(state.locals[local]!, change, count, most, after);
    }
    if (!this.#isTrial && most > 0) {
      for (const [local, change] of changes) {
        state.locals[local] = afterRounds(state.locals[local]!, change, round, most - 1, state);
      }
      if (held) state.locals[held.local] = state.unknown(held.range);
      if (kind === "while") assume(condition, true, state);
      this.#runAll(body, state);
    }
    // The condition of a `while` is checked once more than the body runs.
    if (kind === "while") this.#evaluate(condition, after);
    state.isDead = true;
    state.join(after);
  }

  /** How a round changes the 32-bit integers that it assigns, whatever their previous values. */
  #changesIn({ kind, condition, body }: Loop, state: State): Map<number, Change> {
    const trial = state.copy(), before = new Map<number, Linear>();
    for (const local of assignedIn(body)) {
      if (state.locals[local] === undefined) continue;
      before.set(local, trial.unknown());
      trial.locals[local] = before.get(local);
    }
    const wasTrial = this.#isTrial;
    this.#isTrial = true;
    if (kind === "while") assume(condition, true, trial);
    this.#runAll(body, trial);
    this.#isTrial = wasTrial;
    const unknowns = new Set([...before.values()].flatMap(({ terms }) => [...terms.keys()]));
    return new Map([...before].map(([local, value]): [number, Change] => {
      const difference = plus(trial.locals[local]!, value, -1), range = trial.rangeOf(difference);
      const isKnown = !trial.isDead && isSigned32(range) &&
        ![...difference.terms.keys()].some((id) => unknowns.has(id));
      return [local, isKnown ? range : undefined];
    }));
  }
}
