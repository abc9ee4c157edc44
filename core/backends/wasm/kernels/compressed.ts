/**
 * Matrices without their zeros. A compressed matrix `[rows, columns]` is an i32 tensor `[rows, 2 + 2 · columns]`: each row
 * begins with the number of its entries (and a word that says nothing), then come the entries in the order of their columns,
 * each a column and a float32. There is room for every element, so whatever the density, a row fits.
 */
import type { Code } from "../../../codegen/wasm/function_builder.ts";
import { i32 } from "../../../codegen/wasm/instructions.ts";
import type { TensorType } from "../../../shape.ts";

/** Bytes before the first entry of a row, and of an entry. */
export const HEADER = 8, ENTRY = 8;
/** Where in a row's header is the word that says nothing. */
export const UNUSED = 4;

export function compressedType(rows: number, columns: number): TensorType {
  return { dtype: "i32", shape: [rows, (HEADER + ENTRY * columns) / 4] };
}

/** Rows and columns of the matrix that a compressed tensor stands for. */
export function compressedSize({ shape: [rows, words] }: TensorType): { rows: number; columns: number } {
  return { rows, columns: (4 * words - HEADER) / ENTRY };
}

/** Bytes from one row to the next. */
export function rowBytes({ shape }: TensorType): number {
  return 4 * shape[1];
}

/** The number of entries between a row's first and `end`, which is the address behind its last. */
export function entryCount(end: Code, row: Code): Code {
  return i32.shrU(i32.sub(i32.sub(end, row), i32.const(HEADER)), i32.const(3));
}
