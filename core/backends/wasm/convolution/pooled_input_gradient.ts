import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { clear, transpose4 } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, unpadImage } from "../../../codegen/wasm/padded_image.ts";
import { addTaps, type Lists } from "./sparse_gradient.ts";
import { ENTRY } from "../sparse/csr.ts";
import { borderOf, type Conv3x3Shape, placeOffsets, windowStrides } from "./conv3x3.ts";
import { loadGradient, type Pooled, type PooledGradient } from "./relu_pool.ts";

/** The four places of a window, each with a list of the filters whose gradient goes there. */
const PLACES = 4;

const pooledInputGradientOp: SpecialOp = {
  kind: "special",
  name: "pooledInputGradient",
  type([{ shape: [n, rows, columns] }, , , { shape: [, , channels] }]) {
    return { dtype: "f32", shape: [n, 2 * rows, 2 * columns, channels] };
  },
  gradient: null,
  wasm(node) {
    const [batch, height, width, channels] = node.shape, filters = node.inputs[0].shape[3];
    const s: Conv3x3Shape = { batch, height, width, channels, filters };
    const image = borderOf(s), padded = paddedImage(image), taps = 9 * channels * 4;
    const turnedAt = padded.bytes, listsAt = turnedAt + filters * taps, listBytes = filters * ENTRY;
    const endsAt = listsAt + PLACES * listBytes;
    return {
      extent: batch,
      // As if something passed in every window.
      work: batch * (height / 2) * (width / 2) * filters * 9 * channels / 4,
      setUp: filters * 9 * channels / 4,
      scratchBytes: endsAt + PLACES * 4,
      emit(f, { from, to, inputs: [gradient, values, places, w], output, scratch }) {
        const at = (bytes: number) => f.let("i32", i32.add(scratch.get, i32.const(bytes)));
        const turned = at(turnedAt), lists = at(listsAt), ends = at(endsAt);
        turnWeights(f, s, w, turned);
        const n = f.let("i32", from.get), window = f.local("i32"), source = f.local("i32");
        f.set(source, i32.mul(from.get, i32.const((height / 2) * (width / 2) * filters * 4)));
        f.countTo(n, to.get, 1, () => {
          clear(f, scratch, padded.bytes);
          f.forEach(height / 2, (y) => {
            f.set(window, i32.add(scratch.get, i32.mul(y.get, i32.const(windowStrides(s).row))));
            f.repeat(width / 2, () => {
              listFilters(f, s, { gradient, values, places }, source, { lists, listBytes, ends });
              spread(f, s, padded.row, window, turned, { lists, listBytes, ends });
              f.set(window, i32.add(window.get, i32.const(windowStrides(s).window)));
            });
          });
          unpadImage(f, image, scratch, output, n);
        });
      },
    };
  },
};

/** Kernels `[3, 3, channels, filters]` as `[filters, 3, 3, channels]`. */
function turnWeights(f: FunctionBuilder, { channels, filters }: Conv3x3Shape, w: Address, turned: Local): void {
  const rows = 9 * channels, filter = f.let("i32", i32.const(0));
  const from = f.local("i32"), to = f.local("i32");
  f.countTo(filter, i32.const(filters), 4, () => {
    f.set(from, baseOf(w, i32.mul(filter.get, i32.const(4))));
    f.set(to, i32.add(turned.get, i32.mul(filter.get, i32.const(rows * 4))));
    f.repeat(rows / 4, () => {
      const block = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(from.get, w.offset + i * filters * 4)));
      transpose4(f, block).forEach((column, i) => f.emit(v128.store(to.get, i * rows * 4, column)));
      f.set(from, i32.add(from.get, i32.const(4 * filters * 4)));
      f.set(to, i32.add(to.get, i32.const(16)));
    });
  });
}

/** Lists a window's filters by place, each with the byte offset of its turned kernel; moves `source` to the next window. */
function listFilters(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  inputs: PooledGradient,
  source: Local,
  lists: Lists,
): void {
  for (let place = 0; place < PLACES; place++) {
    f.emit(i32.store(lists.ends.get, 4 * place, i32.add(lists.lists.get, i32.const(place * lists.listBytes))));
  }
  const kernel = f.let("i32", i32.const(0)), end = f.local("i32"), entry = f.local("i32"), kept = f.local("i32");
  const taps = 9 * s.channels * 4;
  f.repeat(s.filters / 4, () => {
    const gradient = loadGradient(f, inputs, source);
    f.set(kept, i32x4.bitmask(f32x4.ne(gradient.get, v128.zero)));
    f.if(kept.get, () => {
      for (let lane = 0; lane < 4; lane++) {
        const place = i32.load(baseOf(inputs.places, source.get), inputs.places.offset + 4 * lane);
        f.set(end, i32.add(lists.ends.get, i32.shl(place, i32.const(2))));
        f.set(entry, i32.load(end.get, 0));
        f.emit(i32.store(entry.get, 0, i32.add(kernel.get, i32.const(lane * taps))));
        f.emit(v128.store32Lane(entry.get, 4, gradient.get, lane));
        const isKept = i32.and(i32.shrU(kept.get, i32.const(lane)), i32.const(1));
        f.emit(i32.store(end.get, 0, i32.add(entry.get, i32.mul(isKept, i32.const(ENTRY)))));
      }
    });
    f.set(kernel, i32.add(kernel.get, i32.const(4 * taps)));
    f.set(source, i32.add(source.get, i32.const(16)));
  });
}

/** Adds the listed kernels, times their gradients, around each place of the window. */
function spread(
  f: FunctionBuilder,
  s: Conv3x3Shape,
  paddedRow: number,
  window: Local,
  turned: Local,
  { lists, listBytes, ends }: Lists,
): void {
  const [, pixel, row] = placeOffsets(s);
  const target = f.local("i32"), last = f.local("i32"), first = f.let("i32", lists.get);
  f.forEach(PLACES, (place) => {
    f.set(last, i32.load(i32.add(ends.get, i32.shl(place.get, i32.const(2))), 0));
    f.if(i32.ltS(first.get, last.get), () => {
      const x = i32.mul(i32.and(place.get, i32.const(1)), i32.const(pixel));
      const y = i32.mul(i32.shrU(place.get, i32.const(1)), i32.const(row));
      f.set(target, i32.add(window.get, i32.add(x, y)));
      addTaps(f, s.channels, { first, last }, { at: target, stride: paddedRow }, {
        at: turned,
        stride: 3 * s.channels * 4,
      });
    });
    f.set(first, i32.add(first.get, i32.const(listBytes)));
  });
}

/**
 * The gradient of the loss by the images `[n, h, w, channels]` in front of a 3 × 3 convolution, bias, ReLU and 2 × 2 max
 * pooling, from that by the pooled values. Channels and filters are divisible by 4, h and w by 2.
 */
export function pooledInputGradient(gradient: Tensor, { values, places }: Pooled, w: Tensor): Tensor {
  return apply(pooledInputGradientOp, gradient, values, places, w);
}
