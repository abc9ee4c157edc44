/**
 * Sparse matrices, compressed by rows (CSR), and the inner loop of all products with them. A sparse matrix `[rows,
 * columns]` is an i32 tensor `[rows, 2 + 2 · columns]`. A row begins with the number of its entries and an unused word,
 * followed by the entries in the order of their columns, each a column and a float32. Every row has room for all of its
 * elements, so rows can be written in parallel, whatever their density.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import type { TensorType } from "../../../shape.ts";

/** Bytes of a row's header, and of an entry. */
export const HEADER = 8, ENTRY = 8;
/** Byte offset of the unused word in a row's header. */
export const UNUSED = 4;

/** The type of the tensor that holds a sparse matrix. */
export function csrType(rows: number, columns: number): TensorType {
  return { dtype: "i32", shape: [rows, (HEADER + ENTRY * columns) / 4] };
}

/** The size of the matrix that a tensor of `csrType` holds. */
export function csrSize({ shape: [rows, words] }: TensorType): { rows: number; columns: number } {
  return { rows, columns: (4 * words - HEADER) / ENTRY };
}

/** Bytes from one row to the next. */
export function rowBytes({ shape }: TensorType): number {
  return 4 * shape[1];
}

/** The number of entries of the row at address `row` whose last entry ends at address `end`. */
export function entryCount(end: Code, row: Code): Code {
  return i32.shrU(i32.sub(i32.sub(end, row), i32.const(HEADER)), i32.const(3));
}

/**
 * Vectors of a result that stay in registers during the loop over entries: with a factor and one operand, they take 14
 * of 15 registers.
 */
const MAX_CHUNK = 12;

/** Divides `vectors` into chunks of at most `MAX_CHUNK`, all of the same width except that the last may be narrower. */
export function chunksOf(vectors: number): { chunk: number; chunks: number } {
  const chunk = Math.ceil(vectors / Math.ceil(vectors / MAX_CHUNK));
  return { chunk, chunks: Math.ceil(vectors / chunk) };
}

/** Entries, each an integer and a float32, from `at + offset` to `last + offset`; `at` advances. */
export interface Entries {
  at: Local;
  last: Local;
  offset: number;
}

/**
 * The address of the vectors that an entry's float32 multiplies: `base(its integer) + offset`. The integer is less than
 * `count`; the code traps if it is not.
 */
export interface EntrySource {
  base(integer: Code): Code;
  offset: number;
  count: number;
}

/** sums[i] += the entry's float32 · vector i of its source, for each entry in order. */
export function addEntries(
  f: FunctionBuilder,
  { at, last, offset }: Entries,
  source: EntrySource,
  sums: readonly Local[],
): void {
  const integer = f.local("i32"), base = f.local("i32"), factor = f.local("v128");
  f.countTo(at, last.get, ENTRY, () => {
    f.set(integer, i32.load(at.get, offset));
    f.requireBelow(integer, source.count);
    f.set(base, source.base(integer.get));
    f.set(factor, v128.load32Splat(at.get, offset + 4));
    sums.forEach((sum, i) => {
      f.set(sum, f.multiplyAdd(factor.get, v128.load(base.get, source.offset + 16 * i), sum.get));
    });
  });
}
