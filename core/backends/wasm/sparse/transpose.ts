/**
 * Transposes sparse and dense matrices. Threads divide the columns of the input. For a sparse matrix, each thread looks
 * up its columns in every row and appends their entries to the result's rows. So the rows are sorted, and each has one
 * writer.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../../../codegen/wasm/kernel.ts";
import { transpose4 } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { csrSize, csrType, ENTRY, HEADER, rowBytes } from "./csr.ts";

/** Columns of a sparse input per work item: enough that finding them in each row costs little. */
const COLUMNS_PER_ITEM = 8;

const transposeSparseOp: SpecialOp = {
  kind: "special",
  name: "transposeSparse",
  type([input]) {
    const { rows, columns } = csrSize(input);
    return csrType(columns, rows);
  },
  gradient: null,
  wasm(node) {
    const [input] = node.inputs, { rows, columns } = csrSize(input);
    const rowStride = rowBytes(input), outStride = rowBytes(node);
    return {
      extent: Math.ceil(columns / COLUMNS_PER_ITEM),
      emit(f, { from, to, inputs: [x], output }) {
        const first = f.let("i32", i32.mul(from.get, i32.const(COLUMNS_PER_ITEM)));
        const end = f.let("i32", i32.mul(to.get, i32.const(COLUMNS_PER_ITEM)));
        f.if(i32.gtS(end.get, i32.const(columns)), () => f.set(end, i32.const(columns)));
        const column = f.let("i32", first.get), target = f.local("i32"), filled = f.local("i32");
        f.countTo(column, end.get, 1, () => {
          const header = baseOf(output, i32.mul(column.get, i32.const(outStride)));
          f.emit(i32.store(header, output.offset, i32.const(0)));
        });
        const row = f.let("i32", i32.const(0)), at = f.local("i32"), last = f.local("i32"), count = f.local("i32");
        f.countTo(row, i32.const(rows), 1, () => {
          f.set(at, baseOf(x, i32.mul(row.get, i32.const(rowStride))));
          f.set(count, i32.load(at.get, x.offset));
          f.requireBelow(count, columns + 1);
          f.set(last, i32.add(at.get, i32.mul(count.get, i32.const(ENTRY))));
          f.set(at, findColumn(f, { at, count, columns }, x.offset + HEADER, first));
          f.while(inRange(at, last, x.offset + HEADER, end), () => {
            f.set(column, i32.load(at.get, x.offset + HEADER));
            f.requireBelow(column, columns);
            f.set(target, baseOf(output, i32.mul(column.get, i32.const(outStride))));
            f.set(filled, i32.load(target.get, output.offset));
            f.requireBelow(filled, rows);
            f.emit(i32.store(target.get, output.offset, i32.add(filled.get, i32.const(1))));
            f.set(target, i32.add(target.get, i32.mul(filled.get, i32.const(ENTRY))));
            f.emit(i32.store(target.get, output.offset + HEADER, row.get));
            const value = i32.load(at.get, x.offset + HEADER + 4);
            f.emit(i32.store(target.get, output.offset + HEADER + 4, value));
            f.set(at, i32.add(at.get, i32.const(ENTRY)));
          });
        });
      },
    };
  },
};

/** Whether `at` is before the end of the row, `last`, and the entry there has a column below `end`. */
function inRange(at: Local, last: Local, offset: number, end: Local): Code {
  return i32.and(i32.ltS(at.get, last.get), i32.ltS(i32.load(at.get, offset), end.get));
}

/**
 * Finds, by binary search, the address of the first of the `count` entries from `at` on whose column is at least
 * `column`.
 */
function findColumn(
  f: FunctionBuilder,
  { at, count, columns }: { at: Local; count: Local; columns: number },
  offset: number,
  column: Local,
): Code {
  const low = f.let("i32", i32.const(0)), high = f.let("i32", count.get), middle = f.local("i32");
  const entryAt = (index: Local) => i32.add(at.get, i32.mul(index.get, i32.const(ENTRY)));
  f.while(i32.ltS(low.get, high.get), () => {
    f.set(middle, i32.shrU(i32.add(low.get, high.get), i32.const(1)));
    f.requireBelow(middle, columns);
    const isBelow = i32.ltS(i32.load(entryAt(middle), offset), column.get);
    f.if(isBelow, () => f.set(low, i32.add(middle.get, i32.const(1))), () => f.set(high, middle.get));
  });
  f.requireBelow(low, columns + 1);
  return entryAt(low);
}

/** The transpose of a sparse matrix, also sparse. */
export function transposeSparse(x: Tensor): Tensor {
  return apply(transposeSparseOp, x);
}

/** Rows of a dense result per work item: a cache line of each row that is read. */
const ROWS_PER_ITEM = 16;

const transposeOp: SpecialOp = {
  kind: "special",
  name: "transpose",
  type: ([{ shape: [rows, columns] }]) => ({ dtype: "f32", shape: [columns, rows] }),
  gradient: null,
  wasm(node) {
    const [rows, columns] = node.inputs[0].shape;
    return {
      extent: Math.ceil(columns / ROWS_PER_ITEM),
      emit(f, { from, to, inputs: [x], output }) {
        // Blocks of four columns.
        const block = f.let("i32", i32.mul(from.get, i32.const(ROWS_PER_ITEM / 4)));
        const end = f.let("i32", i32.mul(to.get, i32.const(ROWS_PER_ITEM / 4)));
        f.if(i32.gtS(end.get, i32.const(columns / 4)), () => f.set(end, i32.const(columns / 4)));
        const at = f.local("i32"), out = f.local("i32");
        f.countTo(block, end.get, 1, () => {
          f.set(at, baseOf(x, i32.mul(block.get, i32.const(16))));
          f.set(out, baseOf(output, i32.mul(block.get, i32.const(16 * rows))));
          f.repeat(rows / 4, () => {
            const lines = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(at.get, x.offset + i * columns * 4)));
            transpose4(f, lines).forEach((line, i) => f.emit(v128.store(out.get, output.offset + i * rows * 4, line)));
            f.set(at, i32.add(at.get, i32.const(4 * columns * 4)));
            f.set(out, i32.add(out.get, i32.const(16)));
          });
        });
      },
    };
  },
};

/** The transpose of a dense matrix: `[rows, columns]` → `[columns, rows]`, both divisible by 4. */
export function transpose(x: Tensor): Tensor {
  return apply(transposeOp, x);
}
