/**
 * The gradient of the loss with respect to the input images of a square convolution, bias, ReLU and 2 × 2 max pooling:
 *
 * dx[y, x, c] = Σ_(ky, kx, o) g[y + padding − ky, x + padding − kx, o] · w[ky, kx, c, o]
 *
 * g, the gradient with respect to the convolution's result, is sparse (see `sparse_gradient.ts`) and never stored. For
 * each window the kernel lists the filters with a gradient, by the position that the gradient goes to, and adds each
 * such filter's kernel, times its gradient, to the pixels around that position.
 */
import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, unpadImage } from "../../../codegen/wasm/padded_image.ts";
import { clear, transpose4 } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { ENTRY } from "../sparse/csr.ts";
import type { Pooled } from "./relu_pool.ts";
import { addTaps, endOf, type EntryLists, LISTS, loadGradient, type PooledGradient } from "./sparse_gradient.ts";
import { borderOf, type SquareConv, stridesOf, windowsOf } from "./square_conv.ts";

/** Positions in a window, each with a list of the filters whose gradient goes there. */
const POSITIONS = LISTS;

const pooledInputGradientOp = (s: SquareConv): SpecialOp => ({
  kind: "special",
  name: "pooledInputGradient",
  type: () => ({ dtype: "f32", shape: [s.batch, s.height, s.width, s.channels] }),
  gradient: null,
  wasm() {
    const { batch, filters } = s, { rows, columns, count } = windowsOf(s);
    const image = borderOf(s), padded = paddedImage(image), taps = tapBytes(s);
    const transposedOffset = padded.bytes, listsOffset = transposedOffset + filters * taps, listBytes = filters * ENTRY;
    const endsOffset = listsOffset + POSITIONS * listBytes;
    return {
      extent: batch,
      // Estimated as if every maximum had a gradient.
      work: batch * count * filters * taps / 16,
      setUp: filters * taps / 16,
      scratchBytes: endsOffset + POSITIONS * 4,
      emit(f, { from, to, inputs: [gradient, values, positions, w], output, scratch }) {
        const at = (bytes: number) => f.let("i32", i32.add(scratch.get, i32.const(bytes)));
        const transposed = at(transposedOffset), first = at(listsOffset), ends = at(endsOffset);
        const lists: EntryLists = { first, listBytes, ends };
        transposeKernels(f, s, w, transposed);
        const n = f.let("i32", from.get), window = f.local("i32"), source = f.local("i32");
        f.set(source, i32.mul(from.get, i32.const(count * filters * 4)));
        f.countTo(n, to.get, 1, () => {
          clear(f, scratch, padded.bytes);
          f.forEach(rows, (y) => {
            f.set(window, i32.add(scratch.get, i32.mul(y.get, i32.const(stridesOf(s).windowRow))));
            f.repeat(columns, () => {
              listFilters(f, s, { gradient, values, positions }, source, lists);
              addKernels(f, s, window, transposed, lists);
              f.set(window, i32.add(window.get, i32.const(stridesOf(s).window)));
            });
          });
          unpadImage(f, image, scratch, output, n);
        });
      },
    };
  },
});

/** Bytes of a filter's kernel. */
function tapBytes({ kernel, channels }: SquareConv): number {
  return kernel * kernel * channels * 4;
}

/**
 * Rearranges kernels `[kernel, kernel, channels, filters]` into `[filters, kernel, kernel, channels]`, where each
 * filter's taps are adjacent.
 */
function transposeKernels(f: FunctionBuilder, s: SquareConv, w: Address, target: Local): void {
  const { filters } = s, rows = tapBytes(s) / 4, filter = f.let("i32", i32.const(0));
  const from = f.local("i32"), to = f.local("i32");
  f.countTo(filter, i32.const(filters), 4, () => {
    f.set(from, baseOf(w, i32.mul(filter.get, i32.const(4))));
    f.set(to, i32.add(target.get, i32.mul(filter.get, i32.const(rows * 4))));
    f.repeat(rows / 4, () => {
      const block = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(from.get, w.offset + i * filters * 4)));
      transpose4(f, block).forEach((column, i) => f.emit(v128.store(to.get, i * rows * 4, column)));
      f.set(from, i32.add(from.get, i32.const(4 * filters * 4)));
      f.set(to, i32.add(to.get, i32.const(16)));
    });
  });
}

/**
 * Lists a window's filters by position, each with the byte offset of its transposed kernel and its gradient. Every
 * filter's entry is written; if its gradient is 0, the next entry overwrites it. `source` advances to the next window.
 */
function listFilters(
  f: FunctionBuilder,
  s: SquareConv,
  inputs: PooledGradient,
  source: Local,
  lists: EntryLists,
): void {
  for (let position = 0; position < POSITIONS; position++) {
    f.emit(i32.store(lists.ends.get, 4 * position, i32.const(position * lists.listBytes)));
  }
  const kernel = f.let("i32", i32.const(0)), end = f.local("i32"), bytes = f.local("i32"), kept = f.local("i32");
  const entry = i32.add(lists.first.get, bytes.get);
  const taps = tapBytes(s);
  f.repeat(s.filters / 4, () => {
    const gradient = loadGradient(f, inputs, source);
    f.set(kept, i32x4.bitmask(f32x4.ne(gradient.get, v128.zero)));
    f.if(kept.get, () => {
      for (let lane = 0; lane < 4; lane++) {
        const position = i32.load(baseOf(inputs.positions, source.get), inputs.positions.offset + 4 * lane);
        f.set(end, i32.add(lists.ends.get, i32.shl(i32.and(position, i32.const(POSITIONS - 1)), i32.const(2))));
        f.set(bytes, i32.load(end.get, 0));
        f.requireBelow(bytes, POSITIONS * lists.listBytes - ENTRY + 1);
        f.emit(i32.store(entry, 0, i32.add(kernel.get, i32.const(lane * taps))));
        f.emit(v128.store32Lane(entry, 4, gradient.get, lane));
        const isKept = i32.and(i32.shrU(kept.get, i32.const(lane)), i32.const(1));
        f.emit(i32.store(end.get, 0, i32.add(bytes.get, i32.mul(isKept, i32.const(ENTRY)))));
      }
    });
    f.set(kernel, i32.add(kernel.get, i32.const(4 * taps)));
    f.set(source, i32.add(source.get, i32.const(16)));
  });
}

/** Adds the listed kernels, times their gradients, to the pixels around each position of the window. */
function addKernels(f: FunctionBuilder, s: SquareConv, window: Local, transposed: Local, lists: EntryLists): void {
  const { pixel, row } = stridesOf(s);
  const target = f.local("i32"), last = f.local("i32"), first = f.let("i32", lists.first.get);
  f.forEach(POSITIONS, (position) => {
    f.set(last, endOf(f, lists, position));
    f.if(i32.ltS(first.get, last.get), () => {
      const x = i32.mul(i32.and(position.get, i32.const(1)), i32.const(pixel));
      const y = i32.mul(i32.shrU(position.get, i32.const(1)), i32.const(row));
      f.set(target, i32.add(window.get, i32.add(x, y)));
      addTaps(f, s, { first, last }, { at: target, stride: row }, {
        at: transposed,
        stride: s.kernel * pixel,
        last: (s.filters - 1) * tapBytes(s),
      });
    });
    f.set(first, i32.add(first.get, i32.const(lists.listBytes)));
  });
}

/**
 * The gradient with respect to the images of `convolution`, from the gradient with respect to the pooled values and the
 * kernels `w`. Channels and filters are divisible by 4.
 */
export function pooledInputGradient(gradient: Tensor, pooled: Pooled, w: Tensor): Tensor {
  return apply(pooledInputGradientOp(pooled.convolution), gradient, pooled.values, pooled.positions, w);
}
