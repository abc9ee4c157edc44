/** Steps that several kernels take. */
import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder, Local } from "../../../core/codegen/wasm/assembler/function_builder.ts";
import { i32, i32x4, v128 } from "./instructions.ts";

export const VECTOR_BYTES = 16;

/** A pixel in the first four bytes; the others are 0. */
export const loadPixel = (address: Code): Code => v128.load32Zero(address, 0);
export const firstWord = (vector: Code): Code => i32x4.extractLane(vector, 0);

export function advance(f: FunctionBuilder, address: Local, bytes: number) {
  f.set(address, i32.add(address.get, i32.const(bytes)));
}
