/**
 * Reads the instructions of an assembled function back into expressions and statements, so that the verified code is
 * the code that will run. Knows the instructions that kernels use and refuses all others.
 */
import type { Code } from "../assembler/encoding.ts";
import { UnsafeCodeError } from "./contract.ts";

/** Opcodes by the names of the instructions; those with a prefix are numbered `prefix * 4096 + opcode`. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  get: 0x20,
  set: 0x21,
  i32Load: 0x28,
  i32Load8u: 0x2d,
  i32Const: 0x41,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  leS: 0x4c,
  geS: 0x4e,
  geU: 0x4f,
  ctz: 0x68,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divU: 0x6e,
  remU: 0x70,
  and: 0x71,
  shl: 0x74,
  shrU: 0x76,
  i8x16Bitmask: 0xfd064,
  i32x4Bitmask: 0xfd0a4,
} as const;

const I64_CONST = 0x42, F32_CONST = 0x43, V128_CONST = 0xfd00c, SHUFFLE = 0xfd00d;
/** They take a lane out of a vector or put one in; its number follows. */
const FIRST_LANE_OP = 0xfd015, LAST_LANE_OP = 0xfd022;
const SIMD = 0xfd, ATOMIC = 0xfe;

/** The types of the operands that an access takes from the stack besides its address. */
type OperandType = "i32" | "i64" | "f32" | "v128";

/** An access to memory. */
interface Access {
  bytes: number;
  operands: readonly OperandType[];
  /** Whether it is a store, which leaves nothing on the stack. */
  isStore: boolean;
  writes: boolean;
  /** Whether a lane number follows. */
  hasLane: boolean;
}

const load = (bytes: number): Access => ({ bytes, operands: [], isStore: false, writes: false, hasLane: false });
const store = (bytes: number, operand: OperandType, hasLane = false): Access => {
  return { bytes, operands: [operand], isStore: true, writes: true, hasLane };
};
const atomic = (operands: readonly OperandType[], writes: boolean): Access => {
  return { bytes: 4, operands, isStore: false, writes, hasLane: false };
};

/** All accesses, by number. */
export const ACCESSES: ReadonlyMap<number, Access> = new Map([
  [OP.i32Load, load(4)],
  [0x2a, load(4)],
  [OP.i32Load8u, load(1)],
  [0x36, store(4, "i32")],
  [0x38, store(4, "f32")],
  [0xfd000, load(16)],
  [0xfd002, load(8)],
  [0xfd009, load(4)],
  [0xfd05c, load(4)],
  [0xfd00b, store(16, "v128")],
  [0xfd05a, store(4, "v128", true)],
  [0xfd05b, store(8, "v128", true)],
  [0xfe000, atomic(["i32"], false)],
  [0xfe001, atomic(["i32", "i64"], false)],
  [0xfe010, load(4)],
  [0xfe017, store(4, "i32")],
  [0xfe01e, atomic(["i32"], true)],
]);

/** How many operands an instruction without immediates takes; two unless it is listed. */
const UNARY = new Set<number>([
  ...[OP.eqz, OP.ctz, 0xb3, OP.i8x16Bitmask, OP.i32x4Bitmask],
  // splat, extend, conversions, neg, abs, sqrt, nearest.
  ...[0x11, 0x6a, 0xa9, 0xaa, 0xe0, 0xe1, 0xe3, 0xf8, 0xfa].map((opcode) => 0xfd000 + opcode),
]);
const BINARY = new Set<number>([
  ...[0x46, 0x47, 0x48, 0x49, 0x4a, 0x4c, 0x4e, 0x4f, 0x5e, 0x6a, 0x6b, 0x6c, 0x6e, 0x70, 0x71, 0x74, 0x76],
  ...[0x24, 0x37, 0x40, 0x41, 0x42, 0x43, 0x44, 0x4e, 0x4f, 0x50, 0x51].map((opcode) => 0xfd000 + opcode),
  ...[0xab, 0xac, 0xad, 0xae, 0xb1, 0xb5, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9].map((opcode) => 0xfd000 + opcode),
]);
const TERNARY = new Set<number>([0xfd052, 0xfd105, 0xfd106]);

const CONSTANTS = new Set<number>([OP.get, OP.i32Const, I64_CONST, F32_CONST, V128_CONST]);

function operandsOf(op: number): number {
  if (UNARY.has(op)) return 1;
  if (BINARY.has(op)) return 2;
  if (TERNARY.has(op)) return 3;
  throw new UnsafeCodeError(`instruction 0x${op.toString(16)} is unknown to the verifier`);
}

/** One instruction. */
export interface Instruction {
  /** As in `OP` and `ACCESSES`. */
  op: number;
  /** A constant, an index, or the offset of an access. */
  value: number;
  /** Index of the byte after it. */
  end: number;
}

/** The instruction at `at`. */
export function readInstruction(code: Code, at: number): Instruction {
  const unsigned = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = code[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const signed = () => {
    let value = 0, shift = 0;
    for (;;) {
      const byte = code[at++];
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return shift < 32 && (byte & 0x40) !== 0 ? value | (-1 << shift) : value;
    }
  };
  const first = code[at++];
  const op = first === SIMD || first === ATOMIC ? first * 4096 + unsigned() : first;
  let value = 0;
  const access = ACCESSES.get(op);
  if (access !== undefined) {
    at++; // The alignment.
    value = unsigned();
    if (access.hasLane) at++;
  } else if (op === OP.i32Const || op === I64_CONST) value = signed();
  else if (op === OP.get || op === OP.set || op === OP.call || op === OP.branch || op === OP.branchIf) {
    value = unsigned();
  } else if (op === OP.block || op === OP.loop || op === OP.if) {
    if (code[at++] !== 0x40) throw new UnsafeCodeError("a block has a result");
  } else if (op === F32_CONST) at += 4;
  else if (op === V128_CONST || op === SHUFFLE) at += 16;
  else if (op >= FIRST_LANE_OP && op <= LAST_LANE_OP) at++;
  return { op, value, end: at };
}

/** An instruction with its operands. */
export interface Expression {
  op: number;
  value: number;
  operands: readonly Expression[];
}

/** The statements of a function, in order. */
export type Statement =
  | { kind: "set"; local: number; value: Expression }
  /** A store, or an expression whose result is dropped. */
  | { kind: "do"; value: Expression }
  | { kind: "call"; callee: number; operands: readonly Expression[] }
  | { kind: "if"; condition: Expression; then: readonly Statement[]; otherwise: readonly Statement[] }
  /** Checks its condition before each round. */
  | { kind: "while"; condition: Expression; body: readonly Statement[] }
  /** Checks its condition after each round. */
  | { kind: "repeat"; condition: Expression; body: readonly Statement[] }
  /** Returns, or traps. */
  | { kind: "leave" };

/**
 * The statements of a function. `parameters` gives the number of a function's parameters.
 * @throws {UnsafeCodeError} when the code does not have the form that the assembler emits.
 */
export function decode(code: Code, parameters: (callee: number) => number): readonly Statement[] {
  const reader = new Reader(code, parameters);
  const statements = reader.block();
  if (!reader.isAtEnd) throw new UnsafeCodeError("code goes on behind the end of the function");
  return statements;
}

const NO_OPERANDS: readonly Expression[] = [];

class Reader {
  #at = 0;
  readonly #code: Code;
  readonly #parameters: (callee: number) => number;
  /** Values that no statement has used yet. */
  readonly #stack: Expression[] = [];
  /** The instruction that ended the last block. */
  #ending: Instruction | undefined;

  constructor(code: Code, parameters: (callee: number) => number) {
    this.#code = code;
    this.#parameters = parameters;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#code.length;
  }

  #pop(): Expression {
    const value = this.#stack.pop();
    if (value === undefined) throw new UnsafeCodeError("an instruction lacks an operand");
    return value;
  }

  #operands(count: number): readonly Expression[] {
    if (count === 0) return NO_OPERANDS;
    if (this.#stack.length < count) throw new UnsafeCodeError("an instruction lacks an operand");
    return this.#stack.splice(this.#stack.length - count);
  }

  /**
   * No value may wait on the stack while a statement runs, because the statement could change the source of the value.
   */
  #requireEmptyStack(): void {
    if (this.#stack.length > 0) throw new UnsafeCodeError("a value is left on the stack");
  }

  /** Statements up to `end`, `else` or a branch, which is then in `#ending`. */
  block(): Statement[] {
    const statements: Statement[] = [];
    this.#ending = undefined;
    while (!this.isAtEnd) {
      const instruction = readInstruction(this.#code, this.#at);
      this.#at = instruction.end;
      const { op } = instruction;
      if (op === OP.end || op === OP.else || op === OP.branch || op === OP.branchIf) {
        this.#ending = instruction;
        return statements;
      }
      const statement = this.#statement(instruction);
      if (statement === undefined) continue;
      this.#requireEmptyStack();
      statements.push(statement);
    }
    this.#requireEmptyStack();
    return statements;
  }

  /** The statement that an instruction completes, if any. */
  #statement({ op, value }: Instruction): Statement | undefined {
    switch (op) {
      case OP.set:
        return { kind: "set", local: value, value: this.#pop() };
      case OP.drop:
        return { kind: "do", value: this.#pop() };
      case OP.call:
        return { kind: "call", callee: value, operands: this.#operands(this.#parameters(value)) };
      case OP.return:
      case OP.unreachable:
        return { kind: "leave" };
      case OP.if:
        return this.#if();
      case OP.block:
        return this.#while();
      case OP.loop:
        return this.#repeat();
    }
    const access = ACCESSES.get(op);
    const count = CONSTANTS.has(op)
      ? 0
      : access !== undefined
      ? 1 + access.operands.length
      : op === SHUFFLE
      ? 2
      : operandsOf(op);
    const expression: Expression = { op, value, operands: this.#operands(count) };
    if (access?.isStore) return { kind: "do", value: expression };
    this.#stack.push(expression);
    return undefined;
  }

  #expect(op: number, value = 0): void {
    const ending = this.#ending;
    if (ending?.op !== op || ending.value !== value) throw new UnsafeCodeError("a block has an unknown form");
    this.#ending = undefined;
  }

  #read(op: number): void {
    const instruction = readInstruction(this.#code, this.#at);
    if (instruction.op !== op) throw new UnsafeCodeError("a block has an unknown form");
    this.#at = instruction.end;
  }

  #if(): Statement {
    const condition = this.#pop();
    this.#requireEmptyStack();
    const then = this.block();
    if (this.#ending?.op !== OP.else) {
      this.#expect(OP.end);
      return { kind: "if", condition, then, otherwise: [] };
    }
    const otherwise = this.block();
    this.#expect(OP.end);
    return { kind: "if", condition, then, otherwise };
  }

  /** `block loop condition eqz br_if 1 body br 0 end end`. */
  #while(): Statement {
    this.#requireEmptyStack();
    this.#read(OP.loop);
    const before = this.block();
    this.#expect(OP.branchIf, 1);
    const { op, operands: [condition] } = this.#pop();
    if (op !== OP.eqz || before.length > 0) throw new UnsafeCodeError("a loop has an unknown form");
    const body = this.block();
    this.#requireEmptyStack();
    this.#expect(OP.branch, 0);
    this.#read(OP.end);
    this.#read(OP.end);
    return { kind: "while", condition, body };
  }

  /** `loop body condition br_if 0 end`. */
  #repeat(): Statement {
    this.#requireEmptyStack();
    const body = this.block();
    this.#expect(OP.branchIf, 0);
    const condition = this.#pop();
    this.#requireEmptyStack();
    this.#read(OP.end);
    return { kind: "repeat", condition, body };
  }
}
