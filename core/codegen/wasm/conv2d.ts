/**
 * Two-dimensional convolution in WebAssembly, and the gradient with respect to its kernels:
 *
 * out[n, y, x, o] = Σ_(ky, kx, c) image[n, y + ky − paddingY, x + kx − paddingX, c] · kernel[ky, kx, c, o]
 *
 * Each is a matrix product, built from the tiles of `tile.ts`: the depth of the first is (ky, kx, c), that of the
 * second (y, x). An image is copied into scratch memory with its border of zeros. There the inputs of a pixel form
 * `kernelHeight` runs at fixed distances, so the image need not be unrolled into columns (im2col), and no bounds are
 * checked.
 */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32 } from "./assembler/instructions.ts";
import type { ConvShape } from "../extents.ts";
import { type Address, baseOf, type WasmKernel } from "./kernel.ts";
import { type Padded, paddedImage, padImage } from "./padded_image.ts";
import { packPanel, PANEL, PANEL_BYTES, RegisterTile, spaced, tileHeights } from "./tile.ts";
import { clear } from "./vectors.ts";

/** The convolution of images with kernels `[kernelHeight, kernelWidth, channels, filters]`. A work item is an image. */
export function convKernel(s: ConvShape): WasmKernel {
  const image = paddedImage(s);
  const depth = s.kernelHeight * s.kernelWidth * s.channels;
  const panels = Math.ceil(s.filters / PANEL);
  const outRow = s.outWidth * s.filters * 4;
  return {
    extent: s.batch,
    work: s.batch * s.outHeight * s.outWidth * s.filters * depth / 4,
    setUp: image.bytes / 16,
    scratchBytes: image.bytes + depth * PANEL_BYTES,
    emit(f, { from, to, inputs: [x, w], output, scratch }) {
      clear(f, scratch, image.bytes);
      const packed = f.let("i32", i32.add(scratch.get, i32.const(image.bytes)));
      const n = f.let("i32", from.get);
      const panel = f.local("i32"), column = f.local("i32"), row = f.local("i32");
      const pixel = f.local("i32"), out = f.local("i32"), a = f.local("i32"), b = f.local("i32");
      f.countTo(n, to.get, 1, () => {
        padImage(f, s, x, n, scratch);
        f.set(panel, i32.const(0));
        f.countTo(panel, i32.const(panels), 1, () => {
          f.set(column, i32.mul(panel.get, i32.const(PANEL)));
          const columnBytes = i32.mul(column.get, i32.const(4));
          packPanel(f, depth, baseOf(w, columnBytes), w.offset, s.filters * 4, packed.get);
          const imageOut = i32.mul(n.get, i32.const(s.outHeight * outRow));
          f.set(out, baseOf(output, i32.add(imageOut, columnBytes)));
          f.set(row, i32.const(0));
          f.countTo(row, i32.const(s.outHeight), 1, () => {
            f.set(pixel, i32.add(scratch.get, i32.mul(row.get, i32.const(image.row))));
            for (const [height, count] of tileHeights(s.outWidth)) {
              const tile = new RegisterTile(f, height);
              f.repeat(count, () => {
                tile.clear();
                f.set(b, packed.get);
                for (let ky = 0; ky < s.kernelHeight; ky++) {
                  f.set(a, pixel.get);
                  tile.accumulate({
                    length: s.kernelWidth * s.channels,
                    a,
                    aRows: spaced(height, s.channels * 4, ky * image.row),
                    aStride: 4,
                    b,
                    bOffset: 0,
                    bStride: PANEL_BYTES,
                  });
                }
                tile.storePanel(out.get, spaced(height, s.filters * 4, output.offset), s.filters, column);
                f.set(pixel, i32.add(pixel.get, i32.const(height * s.channels * 4)));
                f.set(out, i32.add(out.get, i32.const(height * s.filters * 4)));
              });
            }
          });
        });
      });
    },
  };
}

/**
 * The gradient of the loss with respect to the kernels, from the images and the gradient g with respect to the result.
 * A work item is a panel of 8 filters, so that no two threads write the same sum:
 *
 * dkernel[ky, kx, c, o] = Σ_(n, y, x) image[n, y + ky − paddingY, x + kx − paddingX, c] · g[n, y, x, o]
 */
export function convWeightGradientKernel(s: ConvShape): WasmKernel {
  const image = paddedImage(s);
  const pixels = s.outHeight * s.outWidth;
  const taps = s.kernelHeight * s.kernelWidth * s.channels;
  const packedAt = image.bytes, sumsAt = packedAt + pixels * PANEL_BYTES;
  return {
    extent: Math.ceil(s.filters / PANEL),
    scratchBytes: sumsAt + taps * PANEL_BYTES,
    emit(f, { from, to, inputs: [x, g], output, scratch }) {
      clear(f, scratch, image.bytes);
      const packed = f.let("i32", i32.add(scratch.get, i32.const(packedAt)));
      const sums = f.let("i32", i32.add(scratch.get, i32.const(sumsAt)));
      const panel = f.let("i32", from.get);
      const column = f.local("i32"), n = f.local("i32");
      f.countTo(panel, to.get, 1, () => {
        f.set(column, i32.mul(panel.get, i32.const(PANEL)));
        clear(f, sums, taps * PANEL_BYTES);
        f.set(n, i32.const(0));
        f.countTo(n, i32.const(s.batch), 1, () => {
          padImage(f, s, x, n, scratch);
          const start = i32.mul(i32.add(i32.mul(n.get, i32.const(pixels * s.filters)), column.get), i32.const(4));
          packPanel(f, pixels, baseOf(g, start), g.offset, s.filters * 4, packed.get);
          addImage(f, s, image, { image: scratch, gradient: packed, sums });
        });
        storePanel(f, s, taps, sums, output, column);
      });
    },
  };
}

/** Adds one image's products to the sums `[taps][8]`, tile by tile of taps; a tap is a (ky, kx, c). */
function addImage(
  f: FunctionBuilder,
  s: ConvShape,
  image: Padded,
  at: { image: Local; gradient: Local; sums: Local },
): void {
  const a = f.local("i32"), b = f.local("i32"), row = f.local("i32"), tap = f.local("i32"), sum = f.local("i32");
  const tileOf = (height: number, aRows: readonly number[], first: Code) => {
    const tile = new RegisterTile(f, height), rows = spaced(height, PANEL_BYTES);
    tile.load(sum.get, rows);
    f.set(b, at.gradient.get);
    f.set(row, first);
    f.repeat(s.outHeight, () => {
      f.set(a, row.get);
      tile.accumulate({ length: s.outWidth, a, aRows, aStride: s.channels * 4, b, bOffset: 0, bStride: PANEL_BYTES });
      f.set(row, i32.add(row.get, i32.const(image.row)));
    });
    tile.store(sum.get, rows);
    f.set(sum, i32.add(sum.get, i32.const(height * PANEL_BYTES)));
  };
  f.set(sum, at.sums.get);
  if (s.channels < 6) {
    // With few channels a tile spans several (ky, kx), so each of its rows has its own offset.
    const offsets: number[] = [];
    for (let ky = 0; ky < s.kernelHeight; ky++) {
      offsets.push(...spaced(s.kernelWidth * s.channels, 4, ky * image.row));
    }
    for (const [height, count] of tileHeights(offsets.length)) {
      for (let i = 0; i < count; i++) tileOf(height, offsets.splice(0, height), at.image.get);
    }
    return;
  }
  for (let ky = 0; ky < s.kernelHeight; ky++) {
    f.set(tap, i32.add(at.image.get, i32.const(ky * image.row)));
    f.repeat(s.kernelWidth, () => {
      for (const [height, count] of tileHeights(s.channels)) {
        f.repeat(count, () => {
          tileOf(height, spaced(height, 4), tap.get);
          f.set(tap, i32.add(tap.get, i32.const(height * 4)));
        });
      }
    });
  }
}

/** Copies the sums `[taps][8]` into their panel of the output `[taps, filters]`. */
function storePanel(
  f: FunctionBuilder,
  s: ConvShape,
  taps: number,
  sums: Local,
  output: Address,
  column: Local,
): void {
  const tile = new RegisterTile(f, 1);
  const from = f.let("i32", sums.get), out = f.let("i32", baseOf(output, i32.mul(column.get, i32.const(4))));
  f.repeat(taps, () => {
    tile.load(from.get, [0]);
    tile.storePanel(out.get, [output.offset], s.filters, column);
    f.set(from, i32.add(from.get, i32.const(PANEL_BYTES)));
    f.set(out, i32.add(out.get, i32.const(s.filters * 4)));
  });
}
