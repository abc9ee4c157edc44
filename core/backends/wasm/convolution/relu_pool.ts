/**
 * Bias, ReLU and 2 × 2 max pooling in one kernel, with one pass over memory instead of three:
 *
 * values[n, y, x, c] = max(max over the window's four pixels of input[n, 2y + dy, 2x + dx, c] + bias[c], 0)
 *
 * It also stores the position 2 dy + dx of each maximum, so that the backward pass need not compare again. An odd last
 * row or column is left out.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../../../codegen/wasm/kernel.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { aligned } from "../../../schedule.ts";
import { bytesOf, type TensorType } from "../../../shape.ts";
import { type SquareConv, windowsOf } from "./square_conv.ts";

/** The pooled result of a convolution: two tensors `[batch, rows, columns, filters]` of its windows. */
export interface Pooled {
  convolution: SquareConv;
  /** The largest number of each window, or 0. */
  values: Tensor;
  /** Which pixel of its window each came from: 0–3, row by row. */
  positions: Tensor;
}

/** The types of both tensors, and their layout in the one tensor that the kernel writes. */
export function pooledLayout(s: SquareConv) {
  const { rows, columns } = windowsOf(s);
  const values: TensorType = { dtype: "f32", shape: [s.batch, rows, columns, s.filters] };
  const positions: TensorType = { dtype: "i32", shape: values.shape };
  const positionsOffset = aligned(bytesOf(values));
  return { values, positions, positionsOffset, floats: (positionsOffset + bytesOf(positions)) / 4 };
}

/** The two tensors in `both`, which a kernel wrote with the layout `pooledLayout(convolution)`. */
export function pooledParts(both: Tensor, convolution: SquareConv): Pooled {
  const { values, positions, positionsOffset } = pooledLayout(convolution);
  return { convolution, values: part(both, values, 0), positions: part(both, positions, positionsOffset) };
}

/** The part of `x` that begins at byte `offset` and has type `type`. */
function part(x: Tensor, type: TensorType, offset: number): Tensor {
  const op: SpecialOp = {
    kind: "special",
    name: "part",
    partAt: offset,
    type: () => type,
    gradient: null,
    wasm() {
      throw new Error("a part has no kernel");
    },
  };
  return apply(op, x);
}

/** One of neighbouring vectors of filters: a window's four pixels, and the bias. */
export interface WindowVector {
  pixels: readonly Local[];
  bias: Code;
}

/**
 * For each vector v, stores max(v + bias, 0) of the largest v of its four pixels, and its position, the first if several
 * are equal. Bias and ReLU do not change the order, so both come after the comparison. NaN stays NaN.
 */
export function storeMaxima(
  f: FunctionBuilder,
  vectors: readonly WindowVector[],
  out: { at: Local; values: number; positions: number },
): void {
  const maxima = vectors.map(({ pixels: [first, ...others], bias }) => {
    const max = f.let("v128", first.get), position = f.let("v128", v128.zero), isLarger = f.local("v128");
    others.forEach((value, i) => {
      f.set(isLarger, f32x4.gt(value.get, max.get));
      f.set(max, f32x4.max(max.get, value.get));
      f.set(position, v128.bitselect(i32x4.const(i + 1), position.get, isLarger.get));
    });
    return { max, position, bias };
  });
  // V8 joins stores of neighbours with nothing between them.
  maxima.forEach(({ max, bias }, i) => {
    f.emit(v128.store(out.at.get, out.values + 16 * i, f32x4.max(f32x4.add(max.get, bias), v128.zero)));
  });
  maxima.forEach(({ position }, i) => f.emit(v128.store(out.at.get, out.positions + 16 * i, position.get)));
}

const reluPoolOp = (s: SquareConv): SpecialOp => ({
  kind: "special",
  name: "reluPool",
  type: () => ({ dtype: "f32", shape: [pooledLayout(s).floats] }),
  gradient: null,
  wasm(node) {
    const [n, h, w, c] = node.inputs[0].shape, { positionsOffset } = pooledLayout(s), { rows, columns } = windowsOf(s);
    const row = w * c * 4;
    return {
      // A work item is an image.
      extent: n,
      work: 2 * n * h * w * c / 4,
      emit(f, { from, to, inputs: [x, bias], output }) {
        const item = f.let("i32", from.get);
        const at = f.let("i32", baseOf(x, i32.mul(from.get, i32.const(h * row))));
        const out = f.let("i32", baseOf(output, i32.mul(from.get, i32.const(rows * columns * c * 4))));
        const channel = f.local("i32"), pixels = [0, 1, 2, 3].map(() => f.local("v128"));
        const target = { at: out, values: output.offset, positions: output.offset + positionsOffset };
        f.countTo(item, to.get, 1, () => {
          f.repeat(rows, () => {
            f.repeat(columns, () => {
              f.set(channel, i32.const(0));
              f.countTo(channel, i32.const(c * 4), 16, () => {
                [0, c * 4, row, row + c * 4].forEach((offset, i) => {
                  f.set(pixels[i], v128.load(at.get, x.offset + offset));
                });
                storeMaxima(f, [{ pixels, bias: v128.load(baseOf(bias, channel.get), bias.offset) }], target);
                f.set(at, i32.add(at.get, i32.const(16)));
                f.set(out, i32.add(out.get, i32.const(16)));
              });
              f.set(at, i32.add(at.get, i32.const(c * 4)));
            });
            f.set(at, i32.add(at.get, i32.const(2 * row - 2 * columns * c * 4)));
          });
          f.set(at, i32.add(at.get, i32.const((h - 2 * rows) * row)));
        });
      },
    };
  },
});

/**
 * max(x + bias, 0), then the maximum of each window, for the result `x` of `convolution` and `bias` of shape
 * `[filters]`; filters are divisible by 4. `x` may lack an odd last row or column.
 */
export function reluPool(convolution: SquareConv, x: Tensor, bias: Tensor): Pooled {
  return pooledParts(apply(reluPoolOp(convolution), x, bias), convolution);
}
