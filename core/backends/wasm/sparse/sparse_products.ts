/**
 * Products whose left operand is often 0: stored images that are mostly paper, and what comes out of a ReLU. The zeros are left
 * out by listing the others first; the sums that remain are the same, in the same order. An affine map in front of the zeros is
 * taken out of the product, which rounds otherwise.
 */
import { constant, constantValue, type Tensor } from "../../../graph.ts";
import { add, matmulOptions, mul, sum } from "../../../ops/mod.ts";
import type { Shape } from "../../../shape.ts";
import { compressedMatmul } from "./sparse_matmul.ts";
import { compressRows, compressTableRows } from "./compress.ts";
import { transpose, transposeCompressed } from "./transpose.ts";
import type { Rule } from "../rewrite.ts";

/** Above this share of stored elements that are not 0, listing them costs more than it saves. */
const MAX_DENSITY = 0.7;
/** Below this width of the result, or depth, a product is too small to be worth a list. */
const MIN_EXTENT = 32;
/**
 * Above this depth, leaving half of a product out gains nothing if it has many rows: for each of them the right operand is read
 * again, and no longer from the second-level cache.
 */
const MAX_HALF_EMPTY_DEPTH = 1024, FEW_ROWS = 4;

export function sparseProducts(): Rule {
  // Forward and backward pass share their lists.
  const lists = new Map<Tensor, Tensor>(), turned = new Map<Tensor, Tensor>();
  const listOf = (a: Tensor, now: (earlier: Tensor) => Tensor) => once(lists, a, () => compressRows(now(a)));
  const turn = (list: Tensor) => once(turned, list, () => transposeCompressed(list));
  return (node, now) => {
    const options = matmulOptions(node);
    if (options === undefined) return undefined;
    const [a, b] = node.inputs, { transposeA: transposed, transposeB } = options;
    if (transposeB) {
      const fits = !transposed && b.shape.every((n) => n % 4 === 0 && n >= MIN_EXTENT) && comesFromRelu(a);
      return fits && a.shape[0] > FEW_ROWS ? compressedMatmul(listOf(a, now), transpose(now(b))) : undefined;
    }
    const other = now(b);
    const affine = affineOf(a);
    if (isMostlyZero(affine.of)) {
      const [table, indices] = affine.of.inputs.map(now);
      const list = once(lists, affine.of, () => compressTableRows(table, indices));
      return transposed ? turnedAffineProduct(turn(list), other, affine) : affineProduct(list, other, affine);
    }
    if (!isWorthListing(a.shape, b.shape) || !comesFromRelu(a)) return undefined;
    const list = listOf(a, now);
    return compressedMatmul(transposed ? turn(list) : list, other);
  };
}

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

/** Takes additions of and multiplications by constants off a node. */
function affineOf(node: Tensor): Affine {
  const [x, y] = node.inputs, number = y && constantValue(y);
  if (number === undefined) return { of: node, scale: 1, shift: 0 };
  const { of, scale, shift } = affineOf(x);
  if (node.op.name === "mul") return { of, scale: scale * number, shift: shift * number };
  if (node.op.name === "add") return { of, scale, shift: shift + number };
  if (node.op.name === "sub") return { of, scale, shift: shift - number };
  return { of: node, scale: 1, shift: 0 };
}

const scaled = (x: Tensor, factor: number) => factor === 1 ? x : mul(x, constant(factor));
const shiftOf = (b: Tensor, { shift }: Affine) => shift === 0 ? undefined : scaled(sum(b, 0, 1), shift);

/** (scale · A + shift) B = scale · (A B) + shift · (column sums of B); the result is small beside B. */
function affineProduct(list: Tensor, b: Tensor, affine: Affine): Tensor {
  const product = scaled(compressedMatmul(list, b), affine.scale), shift = shiftOf(b, affine);
  return shift === undefined ? product : add(product, shift);
}

/** The same with Aᵀ, whose result is large beside B: so B is scaled, and every row begins with the shift. */
function turnedAffineProduct(turned: Tensor, b: Tensor, affine: Affine): Tensor {
  return compressedMatmul(turned, scaled(b, affine.scale), shiftOf(b, affine));
}

/** Rows of a table of bytes that was measured to be mostly 0. */
function isMostlyZero({ op, inputs: [table], shape }: Tensor): boolean {
  if (op.name !== "takeRows" || shape.length !== 2 || table.op.kind !== "leaf") return false;
  const { source } = table.op;
  return source.kind === "state" && source.density !== undefined && source.density <= MAX_DENSITY;
}

function isWorthListing([rows, depth]: Shape, [, width]: Shape): boolean {
  const stays = depth <= MAX_HALF_EMPTY_DEPTH || rows <= FEW_ROWS;
  return width >= MIN_EXTENT && depth >= MIN_EXTENT && stays;
}

/** Whether about half of a node or more is 0 by the way it was made. */
function comesFromRelu({ op, inputs }: Tensor): boolean {
  if (op.name === "relu" || op.name === "reluGrad") return true;
  if (op.name === "reshape" || op.name === "maxPool2d") return comesFromRelu(inputs[0]);
  return op.name === "mul" && inputs.some(comesFromRelu);
}
