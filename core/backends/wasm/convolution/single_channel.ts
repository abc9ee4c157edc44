/**
 * Pooled convolutions of single-channel images, the first layer of a ConvNN, with a border of one pixel. The forward
 * pass, and the gradient with respect to the kernels, where g is the gradient with respect to the pooled values and
 * p(n, y, x, o) the pixel that the maximum came from:
 *
 * pooled[n, y, x, o] = max(max over the window's four pixels of Σ_(ky, kx) image · w[ky, kx, o] + bias[o], 0)
 *
 * dw[ky, kx, o] = Σ_(n, y, x) image[n, p(n, y, x, o) + (ky − 1, kx − 1)] · g[n, y, x, o], where pooled > 0
 *
 * Nine taps are too few for sparse lists. Four filters fill a vector, and their nine taps stay in registers while the
 * loop visits all windows of an image. Each of the 4 × 4 pixels under a window is loaded once for all of its uses.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import { clear } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import type { TensorType } from "../../../shape.ts";
import { borderOf, type Conv3x3Shape, eachTapOfWindow, stridesOf } from "./conv3x3.ts";
import { type Pooled, pooledLayout, pooledParts, storeMaximum } from "./relu_pool.ts";
import { loadGradient, type PooledGradient } from "./sparse_gradient.ts";

/** Taps of a kernel, and filters of a vector. */
const TAPS = 9, LANES = 4;

/** The type of the convolution's result, which is pooled immediately and never stored. */
function convolved(x: TensorType, w: TensorType): TensorType {
  return { dtype: "f32", shape: [...x.shape.slice(0, 3), w.shape[3]] };
}

const singleChannelConvPoolOp: SpecialOp = {
  kind: "special",
  name: "singleChannelConvPool",
  type: ([x, w]) => ({ dtype: "f32", shape: [pooledLayout(convolved(x, w)).floats] }),
  gradient: null,
  wasm(node) {
    const [images, kernels] = node.inputs, [batch, height, width] = images.shape, filters = kernels.shape[3];
    const s: Conv3x3Shape = { batch, height, width, channels: 1, filters }, padded = paddedImage(borderOf(s));
    const { positionsOffset } = pooledLayout(convolved(images, kernels));
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
            poolImage(f, s, { padded: scratch, weights, biases }, out, output, positionsOffset);
          });
        });
      },
    };
  },
};

/** Computes all windows of an image for four filters, whose results are stored from `out` on. */
function poolImage(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  { padded, weights, biases }: { padded: Local; weights: readonly Local[]; biases: Code },
  out: Local,
  output: Address,
  positionsOffset: number,
): void {
  const strides = stridesOf(s), window = f.local("i32"), pixel = f.local("v128");
  const sums = [0, 1, 2, 3].map(() => f.local("v128"));
  f.forEach(s.height / 2, (y) => {
    f.set(window, i32.add(padded.get, i32.mul(y.get, i32.const(strides.windowRow))));
    f.repeat(s.width / 2, () => {
      for (const sum of sums) f.set(sum, v128.zero);
      eachTapOfWindow(
        (dy, dx) => f.set(pixel, v128.load32Splat(window.get, dy * strides.row + 4 * dx)),
        (position, tap) => f.set(sums[position], f.multiplyAdd(weights[tap].get, pixel.get, sums[position].get)),
      );
      storeMaximum(f, sums, biases, { at: out, values: output.offset, positions: output.offset + positionsOffset });
      f.set(out, i32.add(out.get, i32.const(s.filters * 4)));
      f.set(window, i32.add(window.get, i32.const(strides.window)));
    });
  });
}

/**
 * `reluPool` of the convolution of images `[n, h, w, 1]`, with a border of one pixel, by kernels `[3, 3, 1, filters]`;
 * h and w are even, filters are divisible by 4. The convolution's own result is never stored.
 */
export function singleChannelConvPool(x: Tensor, w: Tensor, bias: Tensor): Pooled {
  return pooledParts(apply(singleChannelConvPoolOp, x, w, bias), convolved(x, w));
}

const singleChannelWeightGradientOp: SpecialOp = {
  kind: "special",
  name: "singleChannelWeightGradient",
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
      emit(f, { from, to, inputs: [x, gradient, values, positions], output, scratch }) {
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
        f.forEach(batch, (n) => {
          padImage(f, image, x, n, scratch);
          eachGroup(() => {
            const start = i32.mul(n.get, i32.const(windows * filters * 4));
            f.set(source, i32.add(start, i32.mul(group.get, i32.const(16))));
            sums.forEach((sum, tap) => f.set(sum, v128.load(sumsAt.get, 16 * tap)));
            addImage(f, s, { gradient, values, positions }, source, scratch, sums);
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

/** Adds an image's products to the sums of four filters; each tap has a vector. */
function addImage(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  inputs: PooledGradient,
  source: Local,
  padded: Local,
  sums: readonly Local[],
): void {
  const strides = stridesOf(s), window = f.local("i32"), positions = f.local("v128"), pixel = f.local("v128");
  // For each position in the window, the gradients of the lanes whose maximum was there, and 0 in the others.
  const parts = [0, 1, 2, 3].map(() => f.local("v128"));
  f.forEach(s.height / 2, (y) => {
    f.set(window, i32.add(padded.get, i32.mul(y.get, i32.const(strides.windowRow))));
    f.repeat(s.width / 2, () => {
      const gradient = loadGradient(f, inputs, source);
      f.set(positions, v128.load(baseOf(inputs.positions, source.get), inputs.positions.offset));
      parts.forEach((part, i) => f.set(part, v128.and(gradient.get, i32x4.eq(positions.get, i32x4.const(i)))));
      eachTapOfWindow(
        (dy, dx) => f.set(pixel, v128.load32Splat(window.get, dy * strides.row + 4 * dx)),
        (position, tap) => f.set(sums[tap], f.multiplyAdd(parts[position].get, pixel.get, sums[tap].get)),
      );
      f.set(source, i32.add(source.get, i32.const(s.filters * 4)));
      f.set(window, i32.add(window.get, i32.const(strides.window)));
    });
  });
}

/** `pooledWeightGradient` for single-channel images: `[3, 3, 1, filters]`. */
export function singleChannelWeightGradient(x: Tensor, gradient: Tensor, { values, positions }: Pooled): Tensor {
  return apply(singleChannelWeightGradientOp, x, gradient, values, positions);
}
