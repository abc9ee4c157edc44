/**
 * The rule for products whose left operand is often 0: stored images, which are mostly paper, and the results of a
 * ReLU. They become products of sparse matrices: the same sums in the same order, without the terms that are 0. An
 * affine map of the images is applied to the product instead, which changes the rounding.
 */
import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { baseOf, type KernelOperands } from "../../../codegen/wasm/kernel.ts";
import { storeLanes } from "../../../codegen/wasm/vectors.ts";
import { apply, constant, constantValue, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import {
  add,
  addOp,
  matmulOp,
  maxPool2dOp,
  mul,
  mulOp,
  reluGradOp,
  reluOp,
  reshapeOp,
  subOp,
  sum,
  takeRowsOp,
} from "../../../ops/mod.ts";
import { type Shape, sizeOf } from "../../../shape.ts";
import type { Rule } from "../rewrite.ts";
import { spaced } from "../../../codegen/wasm/tile.ts";
import { addEntries, chunksOf, ENTRY, HEADER, rowBytes, takeSparseRows, toSparse } from "./csr.ts";
import { transpose, transposeSparse } from "./transpose.ts";

/** Above this density of stored images, compressing them costs more than it saves. */
const MAX_DENSITY = 0.7;
/** Below this width of the result, or this depth, compressing the left operand costs more than it saves. */
const MIN_EXTENT = 32;
/**
 * Above this depth, skipping half of a product gains nothing if the left operand has more than a few rows: the right
 * operand is read again for each of them and no longer fits in the second-level cache.
 */
const MAX_HALF_EMPTY_DEPTH = 1024, FEW_ROWS = 4;

/** The rule, for one program. */
export function sparseProducts(): Rule {
  // Forward and backward pass share their sparse matrices: `sparse` by the node that each represents, `transposes` by
  // the matrix itself.
  const sparse = new Map<Tensor, Tensor>(), transposes = new Map<Tensor, Tensor>();
  const sparseOf = (a: Tensor, now: (earlier: Tensor) => Tensor) => once(sparse, a, () => toSparse(now(a)));
  const transposeOf = (matrix: Tensor) => once(transposes, matrix, () => transposeSparse(matrix));
  return (node, now) => {
    const options = matmulOp.attributesOf(node);
    if (options === undefined) return undefined;
    const [a, b] = node.inputs, { transposeA, transposeB } = options;
    if (transposeB) {
      const fits = !transposeA && b.shape.every((n) => n % 4 === 0 && n >= MIN_EXTENT) && comesFromRelu(a);
      return fits && a.shape[0] > FEW_ROWS ? sparseMatmul(sparseOf(a, now), transpose(now(b))) : undefined;
    }
    const other = now(b);
    const affine = affineOf(a);
    if (isMostlyZero(affine.of)) {
      const [table, indices] = affine.of.inputs.map(now);
      const rows = once(sparse, affine.of, () => takeSparseRows(table, indices));
      return transposeA
        ? transposedAffineProduct(transposeOf(rows), other, affine)
        : affineProduct(rows, other, affine);
    }
    if (!isWorthCompressing(a.shape, b.shape) || !comesFromRelu(a)) return undefined;
    const matrix = sparseOf(a, now);
    return sparseMatmul(transposeA ? transposeOf(matrix) : matrix, other);
  };
}

/** The value that `made` holds for `of`; `make` makes it the first time. */
function once(made: Map<Tensor, Tensor>, of: Tensor, make: () => Tensor): Tensor {
  const known = made.get(of) ?? make();
  made.set(of, known);
  return known;
}

/** `scale · of + shift`. */
interface Affine {
  of: Tensor;
  scale: number;
  shift: number;
}

/** Strips from a node the constants that were last added to it, subtracted from it or multiplied with it. */
function affineOf(node: Tensor): Affine {
  const [x, y] = node.inputs, number = y && constantValue(y);
  if (number === undefined) return { of: node, scale: 1, shift: 0 };
  const { of, scale, shift } = affineOf(x);
  if (node.op === mulOp) return { of, scale: scale * number, shift: shift * number };
  if (node.op === addOp) return { of, scale, shift: shift + number };
  if (node.op === subOp) return { of, scale, shift: shift - number };
  return { of: node, scale: 1, shift: 0 };
}

const scaled = (x: Tensor, factor: number) => factor === 1 ? x : mul(x, constant(factor));
const shiftOf = (b: Tensor, { shift }: Affine) => shift === 0 ? undefined : scaled(sum(b, 0, 1), shift);

/**
 * (scale · A + shift) B = scale · (A B) + shift · (column sums of B). Scaling comes last: the result is smaller than B.
 */
function affineProduct(a: Tensor, b: Tensor, affine: Affine): Tensor {
  const product = scaled(sparseMatmul(a, b), affine.scale), shift = shiftOf(b, affine);
  return shift === undefined ? product : add(product, shift);
}

/** The same with Aᵀ, whose result is larger than B. So B is scaled, and the sums of each row start at the shift. */
function transposedAffineProduct(transposed: Tensor, b: Tensor, affine: Affine): Tensor {
  return sparseMatmul(transposed, scaled(b, affine.scale), shiftOf(b, affine));
}

/** Whether a node is a selection of rows from a table of bytes that is known to be mostly 0. */
function isMostlyZero(node: Tensor): boolean {
  const [table] = node.inputs;
  if (!takeRowsOp.matches(node) || node.shape.length !== 2 || table.op.kind !== "leaf") return false;
  const { source } = table.op;
  return source.kind === "state" && source.density !== undefined && source.density <= MAX_DENSITY;
}

function isWorthCompressing([rows, depth]: Shape, [, width]: Shape): boolean {
  const stays = depth <= MAX_HALF_EMPTY_DEPTH || rows <= FEW_ROWS;
  return width >= MIN_EXTENT && depth >= MIN_EXTENT && stays;
}

/** Whether about half of a node or more is 0, because a ReLU made it so. */
function comesFromRelu(node: Tensor): boolean {
  const { op, inputs } = node;
  if (op === reluOp || op === reluGradOp) return true;
  // The largest of four is rarely 0: a single row still gains, because less of the right operand is read.
  if (op === maxPool2dOp) return node.shape[0] <= FEW_ROWS && comesFromRelu(inputs[0]);
  if (reshapeOp.matches(node)) return comesFromRelu(inputs[0]);
  return op === mulOp && inputs.some(comesFromRelu);
}

/**
 * The product of a sparse matrix A with a dense B: C[m, n] = Σ B[k, n] · A[m, k] over the entries of row m. A chunk of
 * a row of C, up to 48 numbers, stays in registers during the loop over the entries of the row of A; for each entry, a
 * chunk of a row of B is read. So the work is that of the dense product times the density of A.
 */

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
      offsets: spaced(sums.length, 16, b.offset),
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
