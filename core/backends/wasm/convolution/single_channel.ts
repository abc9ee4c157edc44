/**
 * Pooled convolutions of single-channel images, the first layer of a ConvNN: convolution, bias, ReLU and pooling in one
 * kernel.
 *
 * pooled[n, y, x, o] = max(max over the window's four pixels of Σ_(ky, kx) image · w[ky, kx, o] + bias[o], 0)
 *
 * The loop visits all windows of an image for a few filters at a time. Each of the pixels under a window, or two, is
 * loaded once for all of its uses.
 */
import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import { clear } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { type Pooled, pooledLayout, pooledParts, storeMaxima } from "./relu_pool.ts";
import { borderOf, type SquareConv, stridesOf, windowsOf } from "./square_conv.ts";

const singleChannelConvPoolOp = (s: SquareConv): SpecialOp => ({
  kind: "special",
  name: "singleChannelConvPool",
  type: () => ({ dtype: "f32", shape: [pooledLayout(s).floats] }),
  gradient: null,
  wasm() {
    const { filters } = s, padded = paddedImage(borderOf(s)), windows = windowsOf(s).count;
    return {
      extent: s.batch,
      work: s.batch * windows * filters * s.kernel * s.kernel,
      scratchBytes: padded.bytes,
      emit(f, { from, to, inputs: [x, w, bias], output, scratch }) {
        const n = f.let("i32", from.get), out = f.local("i32"), channel = f.local("i32");
        clear(f, scratch, padded.bytes);
        f.countTo(n, to.get, 1, () => {
          padImage(f, borderOf(s), x, n, scratch);
          f.set(channel, i32.const(0));
          f.countTo(channel, i32.const(filters * 4), neighbours(filters) * 16, () => {
            f.set(out, baseOf(output, i32.add(i32.mul(n.get, i32.const(windows * filters * 4)), channel.get)));
            poolImage(f, s, { padded: scratch, channel, w, bias }, out, output);
          });
        });
      },
    };
  },
});

/** Vectors of filters that are computed together, because V8 can join two neighbours. `filters` is divisible by 4. */
function neighbours(filters: number): number {
  return filters % 8 === 0 ? 2 : 1;
}

/** Computes all windows of an image for the filters from byte `channel` on, whose results are stored from `out` on. */
function poolImage(
  f: FunctionBuilder,
  s: SquareConv,
  { padded, channel, w, bias }: { padded: Local; channel: Local; w: Address; bias: Address },
  out: Local,
  output: Address,
): void {
  const strides = stridesOf(s), { rows, columns } = windowsOf(s), { positionsOffset } = pooledLayout(s);
  // More sums at a time than one window has, because each addition waits for the one before.
  const windows = columns % 2 === 0 ? 2 : 1, width = 2 * windows;
  const window = f.local("i32"), pixel = f.local("v128");
  const vectors = Array.from({ length: neighbours(s.filters) }, (_, v) => ({
    sums: Array.from({ length: 2 * width }, () => f.local("v128")),
    weight: (tap: number) => v128.load(baseOf(w, channel.get), w.offset + tap * s.filters * 4 + 16 * v),
    bias: v128.load(baseOf(bias, channel.get), bias.offset + 16 * v),
  }));
  f.forEach(rows, (y) => {
    f.set(window, i32.add(padded.get, i32.mul(y.get, i32.const(strides.windowRow))));
    f.repeat(columns / windows, () => {
      for (const { sums } of vectors) for (const sum of sums) f.set(sum, v128.zero);
      for (let dy = 0; dy <= s.kernel; dy++) {
        for (let dx = 0; dx < s.kernel - 1 + width; dx++) {
          f.set(pixel, v128.load32Splat(window.get, dy * strides.row + dx * strides.pixel));
          for (let position = 0; position < 2 * width; position++) {
            const ky = dy - Math.floor(position / width), kx = dx - (position % width);
            if (ky < 0 || ky >= s.kernel || kx < 0 || kx >= s.kernel) continue;
            for (const { sums, weight } of vectors) {
              f.set(sums[position], f.multiplyAdd(weight(s.kernel * ky + kx), pixel.get, sums[position].get));
            }
          }
        }
      }
      for (let first = 0; first < width; first += 2) {
        const ofWindow = vectors.map(({ sums, bias }) => ({
          pixels: [first, first + 1, width + first, width + first + 1].map((position) => sums[position]),
          bias,
        }));
        storeMaxima(f, ofWindow, { at: out, values: output.offset, positions: output.offset + positionsOffset });
        f.set(out, i32.add(out.get, i32.const(s.filters * 4)));
      }
      f.set(window, i32.add(window.get, i32.const(windows * strides.window)));
    });
  });
}

/**
 * The pooled result of `convolution`, which is never stored itself, from images `x` with one channel, kernels `w` and
 * `bias`, `[filters]`; filters are divisible by 4.
 */
export function singleChannelConvPool(convolution: SquareConv, x: Tensor, w: Tensor, bias: Tensor): Pooled {
  return pooledParts(apply(singleChannelConvPoolOp(convolution), x, w, bias), convolution);
}
