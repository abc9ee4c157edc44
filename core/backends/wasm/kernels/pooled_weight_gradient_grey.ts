import type { FunctionBuilder, Local } from "../../../codegen/wasm/function_builder.ts";
import { i32, i32x4, v128 } from "../../../codegen/wasm/instructions.ts";
import { forEach } from "../../../codegen/wasm/loops.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { baseOf } from "../../../codegen/wasm/addressing.ts";
import { clear, paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import { eachTapOfWindow } from "./grey_window.ts";
import { borderOf, type Conv3x3Shape, windowStrides } from "./conv3x3.ts";
import { loadGradient, type Pooled, type PooledGradient } from "./pooled_conv.ts";

const TAPS = 9, LANES = 4;

const pooledWeightGradientGreyOp: SpecialOp = {
  kind: "special",
  name: "pooledWeightGradientGrey",
  type: ([, gradient]) => ({ dtype: "f32", shape: [3, 3, 1, gradient.shape[3]] }),
  gradient: null,
  wasm(node) {
    const [batch, height, width, channels] = node.inputs[0].shape, filters = node.shape[3];
    const s: Conv3x3Shape = { batch, height, width, channels, filters };
    const image = borderOf(s), padded = paddedImage(image), windows = (height / 2) * (width / 2);
    const sumBytes = TAPS * 16;
    return {
      extent: filters / LANES,
      scratchBytes: padded.bytes + (filters / LANES) * sumBytes,
      emit(f, { from, to, inputs: [x, gradient, values, places], output, scratch }) {
        const group = f.local("i32"), sumsAt = f.local("i32"), source = f.local("i32");
        const firstSums = i32.add(scratch.get, i32.const(padded.bytes));
        const sums = Array.from({ length: TAPS }, () => f.local("v128"));
        const eachGroup = (body: () => void) => {
          f.set(group, from.get);
          f.set(sumsAt, i32.add(firstSums, i32.mul(from.get, i32.const(sumBytes))));
          f.countTo(group, to.get, 1, () => {
            body();
            f.set(sumsAt, i32.add(sumsAt.get, i32.const(sumBytes)));
          });
        };
        clear(f, scratch, padded.bytes);
        eachGroup(() => clear(f, sumsAt, sumBytes));
        forEach(f, batch, (n) => {
          padImage(f, image, x, n, scratch);
          eachGroup(() => {
            const start = i32.mul(n.get, i32.const(windows * filters * 4));
            f.set(source, i32.add(start, i32.mul(group.get, i32.const(16))));
            sums.forEach((sum, tap) => f.set(sum, v128.load(sumsAt.get, 16 * tap)));
            addImage(f, s, padded.row, { gradient, values, places }, source, scratch, sums);
            sums.forEach((sum, tap) => f.emit(v128.store(sumsAt.get, 16 * tap, sum.get)));
          });
        });
        eachGroup(() => {
          const out = f.let("i32", baseOf(output, i32.mul(group.get, i32.const(16))));
          for (let tap = 0; tap < TAPS; tap++) {
            f.emit(v128.store(out.get, output.offset + tap * filters * 4, v128.load(sumsAt.get, 16 * tap)));
          }
        });
      },
    };
  },
};

/** Adds an image's share to the sums of four filters, a vector for each tap. */
function addImage(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  row: number,
  inputs: PooledGradient,
  source: Local,
  padded: Local,
  sums: readonly Local[],
): void {
  const strides = windowStrides(s), window = f.local("i32"), place = f.local("v128"), pixel = f.local("v128");
  // A lane's gradient in that of four vectors which stands for the window's pixel that it came from, and 0 in the others.
  const parts = [0, 1, 2, 3].map(() => f.local("v128"));
  forEach(f, s.height / 2, (y) => {
    f.set(window, i32.add(padded.get, i32.mul(y.get, i32.const(strides.row))));
    f.repeat(s.width / 2, () => {
      const gradient = loadGradient(f, inputs, source);
      f.set(place, v128.load(baseOf(inputs.places, source.get), inputs.places.offset));
      parts.forEach((part, i) => f.set(part, v128.and(gradient.get, i32x4.eq(place.get, i32x4.const(i)))));
      eachTapOfWindow(
        (dy, dx) => f.set(pixel, v128.load32Splat(window.get, dy * row + 4 * dx)),
        (place, tap) => f.set(sums[tap], f.multiplyAdd(parts[place].get, pixel.get, sums[tap].get)),
      );
      f.set(source, i32.add(source.get, i32.const(s.filters * 4)));
      f.set(window, i32.add(window.get, i32.const(strides.window)));
    });
  });
}

/** `pooledWeightGradient` for images of one channel, whose taps are too few for lists. */
export function pooledWeightGradientGrey(x: Tensor, gradient: Tensor, { values, places }: Pooled): Tensor {
  return apply(pooledWeightGradientGreyOp, x, gradient, values, places);
}
