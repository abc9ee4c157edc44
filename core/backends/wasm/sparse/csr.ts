/**
 * Matrices without their zeros. A compressed matrix `[rows, columns]` is an i32 tensor `[rows, 2 + 2 · columns]`: each row
 * begins with the number of its entries (and a word that says nothing), then come the entries in the order of their columns,
 * each a column and a float32. There is room for every element, so whatever the density, a row fits.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
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

/** The inner loop of every product that leaves zeros out. */

/** Vectors of a result that stay in registers while entries run by: with one of the source and a factor, 14 of 15. */
const MAX_CHUNK = 12;

/** Cuts `vectors` into chunks of equal width, the last of which may be narrower. */
export function chunksOf(vectors: number): { chunk: number; chunks: number } {
  const chunk = Math.ceil(vectors / Math.ceil(vectors / MAX_CHUNK));
  return { chunk, chunks: Math.ceil(vectors / chunk) };
}

/** Entries, each a whole number and a float32, `offset` bytes behind the pointers `at`, which moves on, and `last`. */
export interface Entries {
  at: Local;
  last: Local;
  offset: number;
}

/** Where the vectors lie that an entry's float32 multiplies. */
export interface EntrySource {
  /** Their address, from the entry's whole number. */
  base(index: Code): Code;
  /** Bytes to be added to it. */
  offset: number;
}

/** sums[i] += factor × vector i of the entry's source, for each entry in order. */
export function addEntries(
  f: FunctionBuilder,
  { at, last, offset }: Entries,
  source: EntrySource,
  sums: readonly Local[],
): void {
  const base = f.local("i32"), factor = f.local("v128");
  f.countTo(at, last.get, ENTRY, () => {
    f.set(base, source.base(i32.load(at.get, offset)));
    f.set(factor, v128.load32Splat(at.get, offset + 4));
    sums.forEach((sum, i) => {
      f.set(sum, f.multiplyAdd(factor.get, v128.load(base.get, source.offset + 16 * i), sum.get));
    });
  });
}
