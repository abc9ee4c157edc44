/**
 * WebAssembly instructions as functions that compose: `i32.add(a, b)` is the code of a, the code of b and the opcode.
 * Code that is used twice runs twice, so put a value that is needed again into a local. Loads and stores access the
 * byte at `address + offset`. Names follow the specification in camel case: `ltS` is `lt_s`.
 */
import { type Code, float32, signed, unsigned } from "./encoding.ts";

/** An instruction that takes its operands from the stack. */
export const op = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), opcode];

/** A load or store. Its alignment is a hint that engines on x86 and ARM ignore; 0 promises nothing. */
export const memory = (opcode: readonly number[]) => (address: Code, offset: number, ...operands: Code[]): Code => [
  ...address,
  ...operands.flat(),
  ...opcode,
  0,
  ...unsigned(offset),
];

/** The opcode of a vector instruction, with its prefix. */
export const simdOpcode = (opcode: number) => [0xfd, ...unsigned(opcode)];
/** A vector instruction that takes its operands from the stack. */
export const simd = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), ...simdOpcode(opcode)];
const laneMemory = (opcode: number) => (address: Code, offset: number, value: Code, index: number): Code => [
  ...address,
  ...value,
  ...simdOpcode(opcode),
  0,
  ...unsigned(offset),
  index,
];

/** 32-bit integers; the instruction decides whether they are signed. Comparisons give 1 or 0. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  load: memory([0x28]),
  load8u: memory([0x2d]),
  store: memory([0x36]),
  eqz: op(0x45),
  eq: op(0x46),
  ne: op(0x47),
  ltS: op(0x48),
  ltU: op(0x49),
  gtS: op(0x4a),
  gtU: op(0x4b),
  leS: op(0x4c),
  geS: op(0x4e),
  geU: op(0x4f),
  /** The number of zero bits below the lowest bit that is set. */
  ctz: op(0x68),
  add: op(0x6a),
  sub: op(0x6b),
  mul: op(0x6c),
  divU: op(0x6e),
  remU: op(0x70),
  and: op(0x71),
  shl: op(0x74),
  shrU: op(0x76),
};

/** Atomic accesses need addresses that are multiples of 4, and their alignment says so. */
const atomic = (opcode: number) => (address: Code, offset: number, ...operands: Code[]): Code => [
  ...address,
  ...operands.flat(),
  0xfe,
  opcode,
  2,
  ...unsigned(offset),
];

/** Atomic accesses to 32-bit integers in shared memory. */
export const atomics = {
  /** Wakes up to `count` waiters; leaves their number on the stack. */
  notify: atomic(0x00),
  /**
   * Sleeps while the integer equals the first operand, for at most the second operand in nanoseconds (an i64); leaves
   * the reason for waking on the stack.
   */
  wait32: atomic(0x01),
  load: atomic(0x10),
  store: atomic(0x17),
  /** Leaves the value before the addition on the stack. */
  add: atomic(0x1e),
};

/** A 64-bit constant small enough for 32 bits. */
export const i64Const = (value: number): Code => [0x42, ...signed(value)];

/** Takes a value off the stack. */
export const drop: Code = [0x1a];
/** Returns from a function without result. */
export const returnNow: Code = [0x0f];
/** Traps: the call from the host throws a `WebAssembly.RuntimeError`. */
export const trap: Code = [0x00];

/** Single float32 numbers. */
export const f32 = {
  const: (value: number): Code => [0x43, ...float32(value)],
  load: memory([0x2a]),
  store: memory([0x38]),
  gt: op(0x5e),
  convertI32U: op(0xb3),
};

/** Vectors of 128 bits, whatever their lanes. */
export const v128 = {
  zero: [...simdOpcode(0x0c), ...new Array<number>(16).fill(0)] as Code,
  load: memory(simdOpcode(0x00)),
  load8x8u: memory(simdOpcode(0x02)),
  /**
   * Loads one float32 into all lanes. The offset is added to the address: V8 has no machine instruction that takes both
   * and would add them after its bounds check.
   */
  load32Splat: (address: Code, offset: number): Code =>
    memory(simdOpcode(0x09))(offset === 0 ? address : i32.add(address, i32.const(offset)), 0),
  store: memory(simdOpcode(0x0b)),
  store32Lane: laneMemory(0x5a),
  store64Lane: laneMemory(0x5b),
  /** Picks 16 of the 32 bytes of `a` and `b` by number. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [...a, ...b, ...simdOpcode(0x0d), ...bytes],
  and: simd(0x4e),
  andNot: simd(0x4f),
  or: simd(0x50),
  xor: simd(0x51),
  /** Bits of the first operand where the third has ones, else of the second. */
  bitselect: simd(0x52),
};

/** Sixteen lanes of 8-bit integers. */
export const i8x16 = {
  ne: simd(0x24),
  /** The highest bits of all lanes as an integer, lane 0's as its lowest bit. */
  bitmask: simd(0x64),
};

/** Four lanes of 32-bit integers. */
export const i32x4 = {
  splat: simd(0x11),
  const: (value: number): Code => {
    const bytes = [...new Uint8Array(new Int32Array([value]).buffer)];
    return [...simdOpcode(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
  },
  lanes: (...values: [number, number, number, number]): Code => [
    ...simdOpcode(0x0c),
    ...new Uint8Array(new Int32Array(values).buffer),
  ],
  eq: simd(0x37),
  geU: simd(0x40),
  extendLowU16: simd(0xa9),
  extendHighU16: simd(0xaa),
  shl: simd(0xab),
  shrS: simd(0xac),
  shrU: simd(0xad),
  add: simd(0xae),
  sub: simd(0xb1),
  mul: simd(0xb5),
  /** The highest bits of all lanes as an integer, lane 0's as its lowest bit. */
  bitmask: simd(0xa4),
  truncSatF32: simd(0xf8),
};

/** Four lanes of float32. */
export const f32x4 = {
  const: (value: number): Code => {
    const bytes = float32(value);
    return [...simdOpcode(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
  },
  eq: simd(0x41),
  ne: simd(0x42),
  lt: simd(0x43),
  gt: simd(0x44),
  nearest: simd(0x6a),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  convertI32: simd(0xfa),
  relaxedMadd: simd(0x105),
  relaxedNmadd: simd(0x106),
};
