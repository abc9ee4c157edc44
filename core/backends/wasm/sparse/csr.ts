/**
 * Sparse matrices, compressed by rows (CSR), and the inner loop of all products with them. A sparse matrix `[rows,
 * columns]` is an i32 tensor `[rows, 2 + 2 · columns]`. A row begins with the number of its entries and an unused word,
 * followed by the entries in the order of their columns, each a column and a float32. Every row has room for all of its
 * elements, so rows can be written in parallel, whatever their density.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32, i32, i8x16, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../../../codegen/wasm/kernel.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import type { TensorType } from "../../../shape.ts";

/** Bytes of a row's header, and of an entry. */
export const HEADER = 8, ENTRY = 8;
/** Byte offset of the unused word in a row's header. */
const UNUSED = 4;

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
function entryCount(end: Code, row: Code): Code {
  return i32.shrU(i32.sub(i32.sub(end, row), i32.const(HEADER)), i32.const(3));
}

/**
 * Vectors of a result that stay in registers during the loop over entries: with a factor and one operand, they take 14
 * of 15 registers.
 */
const MAX_CHUNK = 12;

/** The fewest chunks of at most `MAX_CHUNK` into which `vectors` can be divided. */
export function fewestChunks(vectors: number): number {
  return Math.ceil(vectors / MAX_CHUNK);
}

/**
 * Divides `vectors` into chunks of at most `MAX_CHUNK`, all of the same width except that the last may be narrower.
 * Their number is even, so that two threads get the same, and so is their width, so that V8 can join vectors in pairs.
 */
export function chunksOf(vectors: number): { chunk: number; chunks: number } {
  const fewest = fewestChunks(vectors);
  const wanted = fewest === 1 ? 1 : fewest + fewest % 2;
  const chunk = Math.min(vectors, 2 * Math.ceil(vectors / (2 * wanted)));
  return { chunk, chunks: Math.ceil(vectors / chunk) };
}

/** Entries, each an integer and a float32, from `at + offset` to `last + offset`; `at` advances. */
export interface Entries {
  at: Local;
  last: Local;
  offset: number;
}

/**
 * The addresses of the vectors that an entry's float32 multiplies: `base(its integer)` plus each of `offsets`. The
 * integer is less than `count`; the code traps if it is not.
 */
export interface EntrySource {
  base(integer: Code): Code;
  offsets: readonly number[];
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
      f.set(sum, f.multiplyAdd(factor.get, v128.load(base.get, source.offsets[i]), sum.get));
    });
  });
}

/**
 * Makes sparse matrices from a float32 matrix or from rows of a table of bytes. A work item is a row. Neither kernel
 * has a branch per element, because the processor could not predict it.
 */

const toSparseOp: SpecialOp = {
  kind: "special",
  name: "toSparse",
  type: ([{ shape: [rows, columns] }]) => csrType(rows, columns),
  gradient: null,
  wasm(node) {
    const [rows, columns] = node.inputs[0].shape, stride = rowBytes(node);
    return {
      extent: rows,
      emit(f, { from, to, inputs: [x], output }) {
        const row = f.let("i32", baseOf(output, i32.mul(from.get, i32.const(stride))));
        const end = f.let("i32", baseOf(output, i32.mul(to.get, i32.const(stride))));
        const at = f.let("i32", baseOf(x, i32.mul(from.get, i32.const(columns * 4))));
        const out = f.local("i32"), column = f.local("i32"), bits = f.local("i32");
        f.countTo(row, end.get, stride, () => {
          f.set(out, i32.add(row.get, i32.const(HEADER)));
          f.set(column, i32.const(0));
          // Every element is written; if it was 0, the next one overwrites it. This is cheaper than a branch that
          // cannot be predicted.
          const append = (count: number) => {
            for (let u = 0; u < count; u++) {
              f.set(bits, i32.load(at.get, x.offset + 4 * u));
              f.emit(i32.store(out.get, output.offset, i32.add(column.get, i32.const(u))));
              f.emit(i32.store(out.get, output.offset + 4, bits.get));
              // Shifted left by one bit, a zero of either sign is 0.
              const isKept = i32.ne(i32.shl(bits.get, i32.const(1)), i32.const(0));
              f.set(out, i32.add(out.get, i32.shl(isKept, i32.const(3))));
            }
            f.set(at, i32.add(at.get, i32.const(4 * count)));
            f.set(column, i32.add(column.get, i32.const(count)));
          };
          if (columns >= 4) f.repeat(Math.floor(columns / 4), () => append(4));
          if (columns % 4 > 0) append(columns % 4);
          f.emit(i32.store(row.get, output.offset, entryCount(out.get, row.get)));
        });
      },
    };
  },
};

/** The float32 matrix `[rows, columns]` as a sparse matrix. */
export function toSparse(x: Tensor): Tensor {
  return apply(toSparseOp, x);
}

const takeSparseRowsOp: SpecialOp = {
  kind: "special",
  name: "takeSparseRows",
  type: ([{ shape: [, columns] }, { shape: [rows] }]) => csrType(rows, columns),
  gradient: null,
  wasm(node) {
    const [table, indices] = node.inputs, [rows, columns] = table.shape, stride = rowBytes(node);
    return {
      extent: indices.shape[0],
      emit(f, { from, to, inputs: [table, indices], output }) {
        const first = f.let("i32", from.get), end = f.local("i32");
        const item = f.local("i32"), row = f.local("i32"), source = f.local("i32"), index = f.local("i32");
        const eachRow = (body: () => void) => {
          f.set(item, first.get);
          f.set(row, baseOf(output, i32.mul(first.get, i32.const(stride))));
          f.countTo(item, end.get, 1, () => {
            f.set(index, i32.load(baseOf(indices, i32.mul(item.get, i32.const(4))), indices.offset));
            f.requireBelow(index, rows);
            f.set(source, baseOf(table, i32.mul(index.get, i32.const(columns))));
            body();
            f.set(row, i32.add(row.get, i32.const(stride)));
          });
        };
        // Rows in random order are not in any cache, and reading them one by one would wait for each line. So all lines
        // of several rows are read first, which the processor does in parallel, and then the rows are compressed.
        f.countTo(first, to.get, TOUCHED_ROWS, () => {
          f.set(end, i32.add(first.get, i32.const(TOUCHED_ROWS)));
          f.if(i32.gtS(end.get, to.get), () => f.set(end, to.get));
          eachRow(() => f.emit(i32.store(row.get, output.offset + UNUSED, touch(source, table.offset, columns))));
          eachRow(() =>
            compressBytes(f, { source, tableOffset: table.offset, row, outputOffset: output.offset }, columns)
          );
        });
      },
    };
  },
};

/**
 * Enough rows that memory accesses overlap, but few enough that they are still in the second-level cache when they are
 * compressed.
 */
const TOUCHED_ROWS = 64;
const LINE_BYTES = 64;

/** A sum of one byte from every cache line of the `count` bytes at `source`, to load all of them into the cache. */
function touch(source: Local, offset: number, count: number): Code {
  const lines = Array.from({ length: Math.ceil(count / LINE_BYTES) }, (_, i) => i * LINE_BYTES);
  return [...lines, count - 1].map((at) => i32.load8u(source.get, offset + at)).reduce((a, b) => i32.add(a, b));
}

interface ByteRow {
  /** The bytes begin at `source + tableOffset`. */
  source: Local;
  tableOffset: number;
  /** The sparse row begins at `row + outputOffset`. */
  row: Local;
  outputOffset: number;
}

/** Writes the entries of a row of `count` bytes, and their number. */
function compressBytes(f: FunctionBuilder, { source, tableOffset, row, outputOffset }: ByteRow, count: number): void {
  const out = f.let("i32", i32.add(row.get, i32.const(HEADER))), block = f.let("i32", i32.const(0));
  const at = { source, tableOffset, block, out, outputOffset };
  const blocks = Math.floor(count / 16), rest = count % 16;
  if (blocks > 0) {
    f.repeat(blocks, () => {
      appendBytes(f, at, 16);
      f.set(block, i32.add(block.get, i32.const(16)));
    });
  }
  if (rest > 0) appendBytes(f, at, rest);
  f.emit(i32.store(row.get, outputOffset, entryCount(out.get, row.get)));
}

interface ByteAppend {
  source: Local;
  tableOffset: number;
  /** The column of the first byte. */
  block: Local;
  out: Local;
  outputOffset: number;
}

/**
 * How many entries a round of the loop over a block's bytes appends. If fewer are left, the others are written, too,
 * but overwritten by the next: the end of a loop with fewer rounds is easier to predict. Divides 16.
 */
const APPENDED = 4;

/** Appends the entries of the next `count` bytes, at most sixteen. */
function appendBytes(f: FunctionBuilder, at: ByteAppend, count: number): void {
  const { source, tableOffset, block, out, outputOffset } = at;
  const nonZero = f.local("i32"), column = f.local("i32");
  const mask = i8x16.bitmask(i8x16.ne(v128.load(i32.add(source.get, block.get), tableOffset), v128.zero));
  f.set(nonZero, count === 16 ? mask : i32.and(mask, i32.const(2 ** count - 1)));
  f.while(nonZero.get, () => {
    // The row has room for `count` entries, not for more.
    for (let i = 0; i < (count % APPENDED === 0 ? APPENDED : 1); i++) {
      f.set(column, i32.add(block.get, i32.ctz(nonZero.get)));
      f.emit(i32.store(out.get, outputOffset, column.get));
      const byte = i32.load8u(i32.add(source.get, column.get), tableOffset);
      f.emit(f32.store(out.get, outputOffset + 4, f32.convertI32U(byte)));
      const isKept = i === 0 ? i32.const(1) : i32.ne(nonZero.get, i32.const(0));
      f.set(out, i32.add(out.get, i32.shl(isKept, i32.const(3))));
      f.set(nonZero, i32.and(nonZero.get, i32.sub(nonZero.get, i32.const(1))));
    }
  });
}

/** Rows `indices` of a `u8` table `[count, columns]`, as a sparse matrix of numbers 0–255. */
export function takeSparseRows(table: Tensor, indices: Tensor): Tensor {
  return apply(takeSparseRowsOp, table, indices);
}
