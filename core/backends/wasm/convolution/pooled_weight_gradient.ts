/**
 * The gradient of the loss with respect to the kernels of a square convolution followed by bias, ReLU and 2 × 2 max
 * pooling:
 *
 * dw[ky, kx, c, o] = Σ_(n, y, x) x[n, y + ky − padding, x + kx − padding, c] · g[n, y, x, o]
 *
 * g, the gradient with respect to the convolution's result, is sparse (see `sparse_gradient.ts`) and never stored. For
 * each filter and image the kernel lists the pixels with a gradient, and adds the pixels under the kernel around each of
 * them, times its gradient.
 */
import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import { clear, eachVector, transpose4 } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { ENTRY } from "../sparse/csr.ts";
import type { Pooled } from "./relu_pool.ts";
import {
  addTaps,
  endOf,
  type EntryLists,
  LISTS,
  loadGradient,
  type PooledGradient,
  vectorsOfRow,
} from "./sparse_gradient.ts";
import { borderOf, type SquareConv, stridesOf, windowsOf } from "./square_conv.ts";

/** Filters of a work item: the lanes of a vector, each with a list of the pixels that have a gradient. */
const LANES = LISTS;

const pooledWeightGradientOp = (s: SquareConv): SpecialOp => ({
  kind: "special",
  name: "pooledWeightGradient",
  type: () => ({ dtype: "f32", shape: [s.kernel, s.kernel, s.channels, s.filters] }),
  gradient: null,
  wasm() {
    const { batch, filters } = s, image = borderOf(s), padded = paddedImage(image), taps = sumBytes(s);
    const windows = windowsOf(s).count, listBytes = windows * ENTRY;
    const sumsOffset = padded.bytes, listsOffset = sumsOffset + filters * taps;
    const endsOffset = listsOffset + LANES * listBytes;
    return {
      extent: filters / LANES,
      scratchBytes: endsOffset + LANES * 4,
      emit(f, { from, to, inputs: [x, gradient, values, positions], output, scratch }) {
        const at = (bytes: number) => f.let("i32", i32.add(scratch.get, i32.const(bytes)));
        const first = at(listsOffset), ends = at(endsOffset), lists: EntryLists = { first, listBytes, ends };
        const group = f.local("i32"), sums = f.local("i32"), source = f.local("i32");
        const firstSums = f.let("i32", i32.add(at(sumsOffset).get, i32.mul(from.get, i32.const(LANES * taps))));
        clear(f, scratch, padded.bytes);
        f.set(group, from.get);
        f.set(sums, firstSums.get);
        f.countTo(group, to.get, 1, () => {
          clear(f, sums, LANES * taps);
          f.set(sums, i32.add(sums.get, i32.const(LANES * taps)));
        });
        f.forEach(batch, (n) => {
          padImage(f, image, x, n, scratch);
          f.set(group, from.get);
          f.set(sums, firstSums.get);
          f.countTo(group, to.get, 1, () => {
            const start = i32.add(i32.mul(n.get, i32.const(windows * filters * 4)), i32.mul(group.get, i32.const(16)));
            f.set(source, start);
            listPixels(f, s, { gradient, values, positions }, source, lists);
            addPixels(f, s, scratch, sums, lists);
            f.set(sums, i32.add(sums.get, i32.const(LANES * taps)));
          });
        });
        storeSums(f, s, from, to, firstSums, output);
      },
    };
  },
});

/** Bytes of a filter's sums: the rows of its taps, each in whole vectors. */
function sumBytes(s: SquareConv): number {
  return s.kernel * vectorsOfRow(s) * 16;
}

/**
 * Lists the pixels of each of four filters: the byte offset of the taps in the image with its border, and the gradient.
 * Every lane's entry is written; if its gradient is 0, the next entry overwrites it.
 */
function listPixels(
  f: FunctionBuilder,
  s: SquareConv,
  inputs: PooledGradient,
  source: Local,
  lists: EntryLists,
): void {
  const strides = stridesOf(s), { rows, columns } = windowsOf(s);
  const ends = Array.from(
    { length: LANES },
    (_, lane) => f.let("i32", i32.add(lists.first.get, i32.const(lane * lists.listBytes))),
  );
  const window = f.local("i32"), kept = f.local("i32"), offsets = f.local("v128");
  f.forEach(rows, (y) => {
    f.set(window, i32.mul(y.get, i32.const(strides.windowRow)));
    f.repeat(columns, () => {
      const gradient = loadGradient(f, inputs, source);
      f.set(kept, i32x4.bitmask(f32x4.ne(gradient.get, v128.zero)));
      f.if(kept.get, () => {
        f.set(offsets, v128.load(baseOf(inputs.positions, source.get), inputs.positions.offset));
        const across = i32x4.mul(v128.and(offsets.get, i32x4.const(1)), i32x4.const(strides.pixel));
        const down = i32x4.mul(i32x4.shrU(offsets.get, i32.const(1)), i32x4.const(strides.row));
        f.set(offsets, i32x4.add(i32x4.splat(window.get), i32x4.add(across, down)));
        const pairs = [0, 8].map((first) => {
          const bytes = [0, 4].flatMap((word) =>
            [0, 16].flatMap((of) => [0, 1, 2, 3].map((i) => of + first + word + i))
          );
          return f.let("v128", v128.shuffle(offsets.get, gradient.get, bytes));
        });
        ends.forEach((end, lane) => {
          f.emit(v128.store64Lane(end.get, 0, pairs[lane >> 1].get, lane & 1));
          const isKept = i32.and(i32.shrU(kept.get, i32.const(lane)), i32.const(1));
          f.set(end, i32.add(end.get, i32.mul(isKept, i32.const(ENTRY))));
        });
      });
      f.set(source, i32.add(source.get, i32.const(s.filters * 4)));
      f.set(window, i32.add(window.get, i32.const(strides.window)));
    });
  });
  ends.forEach((end, lane) => f.emit(i32.store(lists.ends.get, 4 * lane, i32.sub(end.get, lists.first.get))));
}

/** Adds the taps of the listed pixels, times their gradients, to the sums of four filters. */
function addPixels(f: FunctionBuilder, s: SquareConv, padded: Local, sums: Local, lists: EntryLists): void {
  const { row, pixel, window, windowRow } = stridesOf(s), { rows, columns } = windowsOf(s);
  // The taps of the last position in the last window.
  const furthest = (rows - 1) * windowRow + (columns - 1) * window + row + pixel;
  const first = f.let("i32", lists.first.get), last = f.local("i32"), target = f.let("i32", sums.get);
  f.forEach(LANES, (lane) => {
    f.set(last, endOf(f, lists, lane));
    addTaps(f, s, { first, last }, { at: target, stride: vectorsOfRow(s) * 16 }, {
      at: padded,
      stride: row,
      last: furthest,
    });
    f.set(first, i32.add(first.get, i32.const(lists.listBytes)));
    f.set(target, i32.add(target.get, i32.const(sumBytes(s))));
  });
}

/** Stores the sums of the work items `from` to `to` into `[kernel, kernel, channels, filters]`. */
function storeSums(
  f: FunctionBuilder,
  s: SquareConv,
  from: Local,
  to: Local,
  firstSums: Local,
  output: Address,
): void {
  const taps = s.kernel * s.channels, group = f.let("i32", from.get), sums = f.let("i32", firstSums.get);
  const at = f.local("i32"), out = f.local("i32");
  f.countTo(group, to.get, 1, () => {
    f.set(at, sums.get);
    f.set(out, baseOf(output, i32.mul(group.get, i32.const(16))));
    f.repeat(s.kernel, () => {
      eachVector(f, at, taps, (lanes) => {
        const block = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(at.get, i * sumBytes(s))));
        transpose4(f, block).slice(0, lanes).forEach((column, i) => {
          f.emit(v128.store(out.get, output.offset + i * s.filters * 4, column));
        });
        f.set(out, i32.add(out.get, i32.const(lanes * s.filters * 4)));
      });
      if (taps % 4 > 0) f.set(at, i32.add(at.get, i32.const(16)));
    });
    f.set(sums, i32.add(sums.get, i32.const(LANES * sumBytes(s))));
  });
}

/**
 * The gradient with respect to the kernels, `[kernel, kernel, channels, filters]`, from the images `x` and the gradient
 * with respect to the pooled values. The number of filters is divisible by 4, and so is the number of channels unless
 * it is 1.
 */
export function pooledWeightGradient(x: Tensor, gradient: Tensor, pooled: Pooled): Tensor {
  return apply(pooledWeightGradientOp(pooled.convolution), x, gradient, pooled.values, pooled.positions);
}
