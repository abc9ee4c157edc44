/** The core's WASM instructions, and those that only a canvas needs. They are here so that pages do not load them. */
import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder, Local } from "../../../core/codegen/wasm/assembler/function_builder.ts";
import * as core from "../../../core/codegen/wasm/assembler/instructions.ts";

const { memory, simd, simdOpcode } = core;

/** Length of a v128. */
export const VECTOR_BYTES = 16;

/** The core's. */
export const i32 = core.i32;

/** Vectors of 16 bytes. */
export const v128 = {
  ...core.v128,
  /** Loads 32 bits, followed by zeros. */
  load32Zero: memory(simdOpcode(0x5c)),
  /** An i32: 1 if any bit is set, else 0. */
  anyTrue: simd(0x53),
};

/** Vectors of 16 lanes. */
export const i8x16 = {
  add: simd(0x6e),
  sub: simd(0x71),
  subSaturatedU: simd(0x73),
  maxU: simd(0x79),
  /** The mean of unsigned bytes, rounded up. */
  averageU: simd(0x7b),
  narrowI16: simd(0x66),
};

/** Vectors of 8 lanes. */
export const i16x8 = {
  extendLowU8: simd(0x89),
  extendHighU8: simd(0x8a),
  eq: simd(0x2d),
  abs: simd(0x80),
  add: simd(0x8e),
  sub: simd(0x91),
  minS: simd(0x96),
};

/** Vectors of 4 lanes. */
export const i32x4 = {
  ...core.i32x4,
  extractLane: (vector: Code, lane: number): Code => [...vector, ...simdOpcode(0x1b), lane],
};

/** A pixel of four bytes in the first lane; the others are 0. */
export const loadPixel = (address: Code): Code => v128.load32Zero(address, 0);

/** The first lane as an i32. */
export const firstWord = (vector: Code): Code => i32x4.extractLane(vector, 0);

/** Adds `bytes` to an address. */
export function advance(f: FunctionBuilder, address: Local, bytes: number) {
  f.set(address, i32.add(address.get, i32.const(bytes)));
}
