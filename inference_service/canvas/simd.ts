/** Instructions for bytes, 16 at a time, which only the kernels for canvases need. */
import { type Code, unsigned } from "../../core/emit/wasm/encoding.ts";
import type { FunctionBuilder, Local } from "../../core/emit/wasm/function_builder.ts";
import { i32 } from "../../core/emit/wasm/instructions.ts";

export const VECTOR_BYTES = 16;

const simd = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];

export const i8x16 = {
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
  eq: simd(0x2d),
  abs: simd(0x80),
  add: simd(0x8e),
  sub: simd(0x91),
  minS: simd(0x96),
};

/** A pixel in the first four bytes; the others are 0. */
export const loadPixel = (address: Code): Code => [...simd(0x5c)(address), 0, 0];
export const firstWord = (vector: Code): Code => [...simd(0x1b)(vector), 0];

export function advance(f: FunctionBuilder, address: Local, bytes: number) {
  f.set(address, i32.add(address.get, i32.const(bytes)));
}
