import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/instructions.ts";
import { forEach } from "../../../codegen/wasm/loops.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { Address, SpecialOp } from "../../../op.ts";
import { baseOf } from "../../../codegen/wasm/addressing.ts";
import { clear, paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import type { TensorType } from "../../../shape.ts";
import { eachTapOfWindow } from "./grey_window.ts";
import { borderOf, type Conv3x3Shape, windowStrides } from "./conv3x3.ts";
import { part } from "./part.ts";
import { type Pooled, pooledLayout, storeMaximum } from "./pooled_conv.ts";

const TAPS = 9, LANES = 4;

/** What the convolution would give if it were not pooled at once. */
function convolved(x: TensorType, w: TensorType): TensorType {
  return { dtype: "f32", shape: [...x.shape.slice(0, 3), w.shape[3]] };
}

const greyConvPoolOp: SpecialOp = {
  kind: "special",
  name: "greyConvPool",
  type: ([x, w]) => ({ dtype: "f32", shape: [pooledLayout(convolved(x, w)).floats] }),
  gradient: null,
  wasm(node) {
    const [images, kernels] = node.inputs, [batch, height, width] = images.shape, filters = kernels.shape[3];
    const s: Conv3x3Shape = { batch, height, width, channels: 1, filters }, padded = paddedImage(borderOf(s));
    const { placesAt } = pooledLayout(convolved(images, kernels));
    return {
      extent: batch,
      work: batch * height * width * filters * TAPS / LANES,
      scratchBytes: padded.bytes,
      emit(f, { from, to, inputs: [x, w, bias], output, scratch }) {
        const n = f.let("i32", from.get), out = f.local("i32"), channel = f.local("i32");
        const weights = Array.from({ length: TAPS }, () => f.local("v128"));
        clear(f, scratch, padded.bytes);
        f.countTo(n, to.get, 1, () => {
          padImage(f, borderOf(s), x, n, scratch);
          f.set(channel, i32.const(0));
          f.countTo(channel, i32.const(filters * 4), LANES * 4, () => {
            const image = i32.mul(n.get, i32.const((height / 2) * (width / 2) * filters * 4));
            f.set(out, baseOf(output, i32.add(image, channel.get)));
            const at = f.let("i32", baseOf(w, channel.get));
            weights.forEach((weight, tap) => f.set(weight, v128.load(at.get, w.offset + tap * filters * 4)));
            const biases = v128.load(baseOf(bias, channel.get), bias.offset);
            poolImage(f, s, padded.row, { padded: scratch, weights, biases }, out, output, placesAt);
          });
        });
      },
    };
  },
};

/** All windows of an image for four filters, from `out` on. */
function poolImage(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  row: number,
  { padded, weights, biases }: { padded: Local; weights: readonly Local[]; biases: Code },
  out: Local,
  output: Address,
  placesAt: number,
): void {
  const strides = windowStrides(s), window = f.local("i32"), pixel = f.local("v128");
  const sums = [0, 1, 2, 3].map(() => f.local("v128"));
  forEach(f, s.height / 2, (y) => {
    f.set(window, i32.add(padded.get, i32.mul(y.get, i32.const(strides.row))));
    f.repeat(s.width / 2, () => {
      for (const sum of sums) f.set(sum, v128.zero);
      eachTapOfWindow(
        (dy, dx) => f.set(pixel, v128.load32Splat(window.get, dy * row + 4 * dx)),
        (place, tap) => f.set(sums[place], f.multiplyAdd(weights[tap].get, pixel.get, sums[place].get)),
      );
      storeMaximum(f, sums, biases, { at: out, values: output.offset, places: output.offset + placesAt });
      f.set(out, i32.add(out.get, i32.const(s.filters * 4)));
      f.set(window, i32.add(window.get, i32.const(strides.window)));
    });
  });
}

/**
 * 3 × 3 convolution of images `[n, h, w, 1]` with a border of one pixel by kernels `[3, 3, 1, filters]`, then `reluPool`; the
 * convolution's own result is never stored.
 */
export function greyConvPool(x: Tensor, w: Tensor, bias: Tensor): Pooled {
  const both = apply(greyConvPoolOp, x, w, bias), { values, places, placesAt } = pooledLayout(convolved(x, w));
  return { values: part(both, values, 0), places: part(both, places, placesAt) };
}
