/**
 * The rule for products whose left operand is often 0: stored images, which are mostly paper, and the results of a
 * ReLU. They become products of sparse matrices: the same sums in the same order, without the terms that are 0. An
 * affine map of the images is applied to the product instead, which changes the rounding.
 */
import { constant, constantValue, type Tensor } from "../../../graph.ts";
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
import type { Shape } from "../../../shape.ts";
import type { Rule } from "../rewrite.ts";
import { takeSparseRows, toSparse } from "./compress.ts";
import { sparseMatmul } from "./sparse_matmul.ts";
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
  if (op === maxPool2dOp || reshapeOp.matches(node)) return comesFromRelu(inputs[0]);
  return op === mulOp && inputs.some(comesFromRelu);
}
