/**
 * The product of a sparse matrix A with a dense B: C[m, n] = Σ B[k, n] · A[m, k] over the entries of row m. A chunk of
 * a row of C, up to 48 numbers, stays in registers during the loop over the entries of the row of A; for each entry, a
 * chunk of a row of B is read. So the work is that of the dense product times the density of A.
 */
import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { baseOf, type KernelOperands } from "../../../codegen/wasm/kernel.ts";
import { storeLanes } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { sizeOf } from "../../../shape.ts";
import { addEntries, chunksOf, ENTRY, HEADER, rowBytes } from "./csr.ts";

const sparseMatmulOp: SpecialOp = {
  kind: "special",
  name: "sparseMatmul",
  type: ([{ shape: [rows] }, { shape: [, columns] }]) => ({ dtype: "f32", shape: [rows, columns] }),
  gradient: null,
  wasm(node) {
    const [rows, columns] = node.shape, sparseStride = rowBytes(node.inputs[0]), depth = node.inputs[1].shape[0];
    const { chunk, chunks } = chunksOf(Math.ceil(columns / 4));
    // Threads divide the larger of B and C, so that each keeps its share in its cache: a work item is either a row of
    // C, or a row of one chunk of columns, so that each thread reads only its own columns of B.
    const byRows = sizeOf(node.shape) >= sizeOf(node.inputs[1].shape);
    return {
      extent: byRows ? rows : chunks * rows,
      // Estimated as a quarter of the dense product, because the density is not known.
      work: rows * columns * depth / 16,
      // Chunk by chunk, so that the columns of B in use stay in the cache.
      emit(f, { from, to, inputs, output }) {
        const rest = columns - (chunks - 1) * chunk * 4;
        const whole = rest === chunk * 4 ? chunks : chunks - 1;
        const index = f.let("i32", i32.const(0)), first = f.local("i32"), end = f.local("i32");
        const rowsOf = (width: number) => {
          const start = i32.mul(index.get, i32.const(byRows ? 0 : rows));
          f.set(first, i32.sub(from.get, start));
          f.if(i32.leS(first.get, i32.const(0)), () => f.set(first, i32.const(0)));
          f.set(end, i32.sub(to.get, start));
          f.if(i32.gtS(end.get, i32.const(rows)), () => f.set(end, i32.const(rows)));
          emitRows(f, { columns, width, chunkBytes: chunk * 16, sparseStride, depth }, { index, first, end }, {
            inputs,
            output,
          });
        };
        if (whole > 0) f.countTo(index, i32.const(whole), 1, () => rowsOf(chunk * 4));
        if (whole < chunks) rowsOf(rest);
      },
    };
  },
};

interface Extents {
  /** Of B and of C. */
  columns: number;
  /** Columns of this chunk, and bytes from one chunk to the next. */
  width: number;
  chunkBytes: number;
  sparseStride: number;
  /** Columns of A, and rows of B. */
  depth: number;
}

/** Computes rows `first` to `end` of chunk `index`. */
function emitRows(
  f: FunctionBuilder,
  { columns, width, chunkBytes, sparseStride, depth }: Extents,
  { index, first, end }: { index: Local; first: Local; end: Local },
  { inputs: [a, b, start], output }: Pick<KernelOperands, "inputs" | "output">,
): void {
  const column = f.let("i32", i32.mul(index.get, i32.const(chunkBytes)));
  const bAt = f.let("i32", baseOf(b, column.get));
  const startAt = start && f.let("i32", baseOf(start, column.get));
  const out = f.let("i32", baseOf(output, i32.add(column.get, i32.mul(first.get, i32.const(columns * 4)))));
  const row = f.let("i32", baseOf(a, i32.mul(first.get, i32.const(sparseStride))));
  const at = f.local("i32"), last = f.local("i32"), count = f.local("i32");
  const sums = Array.from({ length: Math.ceil(width / 4) }, () => f.local("v128"));
  f.countTo(first, end.get, 1, () => {
    f.set(at, row.get);
    f.set(count, i32.load(row.get, a.offset));
    f.requireBelow(count, depth + 1);
    f.set(last, i32.add(row.get, i32.mul(count.get, i32.const(ENTRY))));
    sums.forEach((sum, i) => f.set(sum, startAt ? v128.load(startAt.get, start.offset + 16 * i) : v128.zero));
    addEntries(f, { at, last, offset: a.offset + HEADER }, {
      base: (index) => i32.add(bAt.get, i32.mul(index, i32.const(columns * 4))),
      offset: b.offset,
      count: depth,
    }, sums);
    sums.forEach((sum, i) => {
      storeLanes(f, out.get, output.offset + 16 * i, sum.get, Math.min(4, width - 4 * i));
    });
    f.set(out, i32.add(out.get, i32.const(columns * 4)));
    f.set(row, i32.add(row.get, i32.const(sparseStride)));
  });
}

/**
 * The product of a sparse matrix `[m, k]` with `[k, n]`, plus `start`, `[n]`, in each row. The terms are summed in the
 * same order as in the dense product.
 */
export function sparseMatmul(a: Tensor, b: Tensor, start?: Tensor): Tensor {
  return apply(sparseMatmulOp, a, b, ...(start ? [start] : []));
}
