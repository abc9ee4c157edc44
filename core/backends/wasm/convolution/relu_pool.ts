/**
 * What the kernels around a convolution share whose outputs, behind bias and ReLU, go into 2 × 2 max pooling. Of each window
 * only the largest passes a gradient back, if it is positive at all: at most a quarter of the convolution's outputs, which these
 * kernels list instead of walking over the rest.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { aligned } from "../../../schedule.ts";
import { bytesOf, type TensorType } from "../../../shape.ts";

/** Result of `reluPool`: what is left, and which of its window's pixels each came from (0–3, row by row). */
export interface Pooled {
  values: Tensor;
  places: Tensor;
}

/** Where the two lie in the tensor that holds both. */
export function pooledLayout({ shape: [n, h, w, c] }: TensorType) {
  const values: TensorType = { dtype: "f32", shape: [n, h / 2, w / 2, c] };
  const places: TensorType = { dtype: "i32", shape: values.shape };
  const placesAt = aligned(bytesOf(values));
  return { values, places, placesAt, floats: (placesAt + bytesOf(places)) / 4 };
}

/**
 * Stores max(v + bias, 0) of the largest v of a window's four pixels, and its place: of equals the first. Adding the bias and
 * cutting off at 0 never turn the order around, so both come after the comparison. What is no number stays none.
 */
export function storeMaximum(
  f: FunctionBuilder,
  [first, ...others]: readonly Local[],
  bias: Code,
  out: { at: Local; values: number; places: number },
): void {
  const max = f.let("v128", first.get), place = f.let("v128", v128.zero), isLarger = f.local("v128");
  others.forEach((value, i) => {
    f.set(isLarger, f32x4.gt(value.get, max.get));
    f.set(max, f32x4.max(max.get, value.get));
    f.set(place, v128.bitselect(i32x4.const(i + 1), place.get, isLarger.get));
  });
  f.emit(v128.store(out.at.get, out.values, f32x4.max(f32x4.add(max.get, bias), v128.zero)));
  f.emit(v128.store(out.at.get, out.places, place.get));
}

/** The inputs of a gradient kernel that say what came through the pooling. */
export interface PooledGradient {
  /** Of the loss by the pooled values. */
  gradient: Address;
  values: Address;
  places: Address;
}

/** Loads four channels of the gradient, 0 where the ReLU let nothing through; `at` is their byte offset in all three. */
export function loadGradient(f: FunctionBuilder, { gradient, values }: PooledGradient, at: Local): Local {
  const value = v128.load(baseOf(values, at.get), values.offset);
  const isPositive = f32x4.gt(value, v128.zero);
  return f.let("v128", v128.and(v128.load(baseOf(gradient, at.get), gradient.offset), isPositive));
}

const reluPoolOp: SpecialOp = {
  kind: "special",
  name: "reluPool",
  type: ([x]) => ({ dtype: "f32", shape: [pooledLayout(x).floats] }),
  gradient: null,
  wasm(node) {
    const [x] = node.inputs, [n, h, w, c] = x.shape, { placesAt } = pooledLayout(x);
    const row = w * c * 4;
    return {
      // A row of windows.
      extent: n * (h / 2),
      work: 2 * n * h * w * c / 4,
      emit(f, { from, to, inputs: [x, bias], output }) {
        const piece = f.let("i32", from.get);
        const at = f.let("i32", baseOf(x, i32.mul(from.get, i32.const(2 * row))));
        const out = f.let("i32", baseOf(output, i32.mul(from.get, i32.const(row / 2))));
        const channel = f.local("i32"), pixels = [0, 1, 2, 3].map(() => f.local("v128"));
        f.countTo(piece, to.get, 1, () => {
          f.repeat(w / 2, () => {
            f.set(channel, i32.const(0));
            f.countTo(channel, i32.const(c * 4), 16, () => {
              [0, c * 4, row, row + c * 4].forEach((offset, i) => {
                f.set(pixels[i], v128.load(at.get, x.offset + offset));
              });
              const biases = v128.load(baseOf(bias, channel.get), bias.offset);
              storeMaximum(f, pixels, biases, { at: out, values: output.offset, places: output.offset + placesAt });
              f.set(at, i32.add(at.get, i32.const(16)));
              f.set(out, i32.add(out.get, i32.const(16)));
            });
            f.set(at, i32.add(at.get, i32.const(c * 4)));
          });
          f.set(at, i32.add(at.get, i32.const(row)));
        });
      },
    };
  },
};

/**
 * The largest of each 2 × 2 pixels of max(x + bias, 0) and its place, for `[n, h, w, c]` with even h and w and c divisible by
 * 4, and `[c]`.
 */
export function reluPool(x: Tensor, bias: Tensor): Pooled {
  const both = apply(reluPoolOp, x, bias), { values, places, placesAt } = pooledLayout(x);
  return { values: part(both, values, 0), places: part(both, places, placesAt) };
}

/** The part of `x` of type `type` that begins at byte `at`. */
export function part(x: Tensor, type: TensorType, at: number): Tensor {
  const op: SpecialOp = {
    kind: "special",
    name: "part",
    partAt: at,
    type: () => type,
    gradient: null,
    wasm() {
      throw new Error("a part has no kernel");
    },
  };
  return apply(op, x);
}
