/** The core's instructions and those that only a canvas needs, which pages need not load. */
import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import * as core from "../../../core/codegen/wasm/assembler/instructions.ts";

const { memory, op, simd, simdOpcode } = core;

export const i32 = { ...core.i32, store8: memory([0x3a]), or: op(0x72) };

export const i64 = {
  load: memory([0x29]),
  shrU: op(0x88),
  /** From 32 bits, which count as unsigned. */
  extendU: op(0xad),
  /** The low 32 bits. */
  wrap: op(0xa7),
};

export const v128 = {
  ...core.v128,
  /** 32 bits, and zeros behind them. */
  load32Zero: memory(simdOpcode(0x5c)),
  /** 1 where any bit is set, else 0: no vector. */
  anyTrue: simd(0x53),
};

export const i8x16 = {
  /** For each byte of the second operand the byte of the first that it numbers; 0 for numbers from 16 on. */
  swizzle: simd(0x0e),
  add: simd(0x6e),
  sub: simd(0x71),
  subSaturatedU: simd(0x73),
  maxU: simd(0x79),
  /** The mean of unsigned bytes, rounded up. */
  averageU: simd(0x7b),
  narrowI16: simd(0x66),
};

export const i16x8 = {
  extendLowU8: simd(0x89),
  extendHighU8: simd(0x8a),
  /** Sums of neighbouring bytes. */
  addPairsU8: simd(0x7d),
  eq: simd(0x2d),
  abs: simd(0x80),
  add: simd(0x8e),
  sub: simd(0x91),
  minS: simd(0x96),
};

export const i32x4 = {
  ...core.i32x4,
  extractLane: (vector: Code, lane: number): Code => [...vector, ...simdOpcode(0x1b), lane],
  /** Sums of neighbouring 16-bit lanes. */
  addPairsU16: simd(0x7f),
  /** Sums of the products of neighbouring 16-bit lanes. */
  dotI16: simd(0xba),
};
