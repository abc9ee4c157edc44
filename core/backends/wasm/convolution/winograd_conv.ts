/**
 * 3 × 3 convolution by Winograd's minimal filtering F(2 × 2, 3 × 3) (Lavin and Gray, “Fast
 * Algorithms for Convolutional Neural Networks”, 2016), for each tile of 2 × 2 outputs:
 *
 * out[tile, o] = Aᵀ (Σ_c (G w[c, o] Gᵀ) ⊙ (Bᵀ d[tile, c] B)) A
 *
 * where d is the tile's 4 × 4 pixels of the image and ⊙ multiplies element by element. A tile takes 16 multiplications
 * per channel and filter instead of 36. The transforms consist of additions, once for each
 * kernel, image tile and result tile. For each of the 16 elements the sum over c is a matrix product `[tiles, channels]
 * · [channels, filters]`, built from the tiles of `codegen/wasm/tile.ts`.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { paddedImage, padImage } from "../../../codegen/wasm/padded_image.ts";
import { PANEL, PANEL_BYTES, RegisterTile, spaced, tileHeights } from "../../../codegen/wasm/tile.ts";
import { clear } from "../../../codegen/wasm/vectors.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import type { Rule } from "../rewrite.ts";
import { borderOf, type SquareConv, squareConv, stridesOf, windowsOf } from "./square_conv.ts";

/** Elements of a transformed tile, 4 × 4. */
const ELEMENTS = 16;
/**
 * Number of filters whose products are computed at once: few enough that the products stay in the second-level cache.
 */
const MAX_FILTERS = 32;

/**
 * The layout of scratch memory after the image with its border: transformed kernels, the transformed image and
 * products, each in 16 planes, one for each element. Sizes and offsets are in bytes.
 */
interface Layout {
  /** Tiles of an image. */
  tiles: number;
  /** Number of filters whose products are held at once. */
  held: number;
  /** Offsets of the first planes. */
  kernels: number;
  images: number;
  products: number;
  /** Distance from one plane to the next. */
  kernelPlane: number;
  imagePlane: number;
  productPlane: number;
  /** Size of all scratch memory. */
  bytes: number;
}

function layoutOf(s: SquareConv): Layout {
  const tiles = windowsOf(s).count, held = Math.min(s.filters, MAX_FILTERS);
  // A cache line more than the numbers need: their size is often a power of two, and then all planes would compete for
  // a few cache sets.
  const plane = (floats: number) => floats * 4 + 64;
  const kernelPlane = plane(s.channels * s.filters), imagePlane = plane(tiles * s.channels);
  const productPlane = plane(tiles * held);
  const kernels = paddedImage(borderOf(s)).bytes;
  const images = kernels + ELEMENTS * kernelPlane, products = images + ELEMENTS * imagePlane;
  const bytes = products + ELEMENTS * productPlane;
  return { tiles, held, kernels, images, products, kernelPlane, imagePlane, productPlane, bytes };
}

const winogradConvOp = (s: SquareConv): SpecialOp => ({
  kind: "special",
  name: "winogradConv",
  type() {
    const { rows, columns } = windowsOf(s);
    return { dtype: "f32", shape: [s.batch, 2 * rows, 2 * columns, s.filters] };
  },
  gradient: null,
  wasm() {
    const { batch, channels, filters } = s, layout = layoutOf(s);
    return {
      extent: batch,
      work: batch * layout.tiles * ELEMENTS * channels * filters / 4,
      setUp: 2 * ELEMENTS * channels * filters / 4,
      scratchBytes: layout.bytes,
      emit(f, { from, to, inputs: [x, w], output, scratch }) {
        const at = (bytes: number) => f.let("i32", i32.add(scratch.get, i32.const(bytes)));
        const kernels = at(layout.kernels), images = at(layout.images), products = at(layout.products);
        clear(f, scratch, paddedImage(borderOf(s)).bytes);
        transformKernels(f, s, layout, w, kernels);
        const n = f.let("i32", from.get), first = f.local("i32");
        f.countTo(n, to.get, 1, () => {
          padImage(f, borderOf(s), x, n, scratch);
          transformImage(f, s, layout, scratch, images);
          f.set(first, i32.const(0));
          f.countTo(first, i32.const(filters), layout.held, () => {
            multiply(f, s, layout, first, { kernels, images, products });
            transformBack(f, s, layout, products, { output, n, first });
          });
        });
      },
    };
  },
});

/** Transforms kernels `[3, 3, channels, filters]` into planes of panels `[filters / 8][channels][8]`. */
function transformKernels(f: FunctionBuilder, s: SquareConv, layout: Layout, w: Address, kernels: Local): void {
  const row = s.channels * s.filters * 4;
  f.forEach(s.channels, (channel) => {
    const from = f.let("i32", baseOf(w, i32.mul(channel.get, i32.const(s.filters * 4))));
    const to = f.let("i32", i32.add(kernels.get, i32.mul(channel.get, i32.const(PANEL_BYTES))));
    f.repeat(s.filters / PANEL, () => {
      for (const half of [0, 16]) {
        transformKernel(
          f,
          (ky, kx) => v128.load(from.get, w.offset + half + (3 * ky + kx) * row),
          (element, value) => f.emit(v128.store(to.get, half + element * layout.kernelPlane, value)),
        );
      }
      f.set(from, i32.add(from.get, i32.const(PANEL_BYTES)));
      f.set(to, i32.add(to.get, i32.const(s.channels * PANEL_BYTES)));
    });
  });
}

/** Transforms the image with its border into planes `[tiles][channels]`. */
function transformImage(f: FunctionBuilder, s: SquareConv, layout: Layout, padded: Local, images: Local): void {
  const { pixel, row, window, windowRow } = stridesOf(s), { rows, columns } = windowsOf(s);
  const to = f.let("i32", images.get), from = f.local("i32");
  f.forEach(rows, (y) => {
    f.set(from, i32.add(padded.get, i32.mul(y.get, i32.const(windowRow))));
    f.repeat(columns, () => {
      f.repeat(s.channels / 4, () => {
        transformImageTile(
          f,
          (dy, dx) => v128.load(from.get, dy * row + dx * pixel),
          (element, value) => f.emit(v128.store(to.get, element * layout.imagePlane, value)),
        );
        f.set(from, i32.add(from.get, i32.const(16)));
        f.set(to, i32.add(to.get, i32.const(16)));
      });
      f.set(from, i32.add(from.get, i32.const(window - pixel)));
    });
  });
}

/**
 * For each element, multiplies `[tiles][channels]` by the panels of the filters from `first` on: planes
 * `[tiles][held]`.
 */
function multiply(
  f: FunctionBuilder,
  { channels }: SquareConv,
  layout: Layout,
  first: Local,
  at: { kernels: Local; images: Local; products: Local },
): void {
  const panelBytes = channels * PANEL_BYTES, rowBytes = layout.held * 4;
  const a = f.local("i32"), b = f.local("i32"), row = f.local("i32"), out = f.local("i32"), panelAt = f.local("i32");
  f.forEach(ELEMENTS, (element) => {
    const firstPanel = i32.mul(first.get, i32.const(panelBytes / PANEL));
    f.set(panelAt, i32.add(i32.add(at.kernels.get, i32.mul(element.get, i32.const(layout.kernelPlane))), firstPanel));
    f.forEach(layout.held / PANEL, (panel) => {
      f.set(row, i32.add(at.images.get, i32.mul(element.get, i32.const(layout.imagePlane))));
      const plane = i32.add(at.products.get, i32.mul(element.get, i32.const(layout.productPlane)));
      f.set(out, i32.add(plane, i32.mul(panel.get, i32.const(PANEL_BYTES))));
      for (const [height, count] of tileHeights(layout.tiles)) {
        const tile = new RegisterTile(f, height);
        f.repeat(count, () => {
          tile.clear();
          f.set(a, row.get);
          f.set(b, panelAt.get);
          tile.accumulate({
            length: channels,
            a,
            aRows: spaced(height, channels * 4),
            aStride: 4,
            b,
            bOffset: 0,
            bStride: PANEL_BYTES,
          });
          tile.store(out.get, spaced(height, rowBytes));
          f.set(row, i32.add(row.get, i32.const(height * channels * 4)));
          f.set(out, i32.add(out.get, i32.const(height * rowBytes)));
        });
      }
      f.set(panelAt, i32.add(panelAt.get, i32.const(panelBytes)));
    });
  });
}

/** Transforms products back, into image `n` of the output, for the filters from `first` on. */
function transformBack(
  f: FunctionBuilder,
  s: SquareConv,
  layout: Layout,
  products: Local,
  { output, n, first }: { output: Address; n: Local; first: Local },
): void {
  const { rows, columns } = windowsOf(s), pixel = s.filters * 4, row = 2 * columns * pixel;
  const from = f.let("i32", products.get),
    image = i32.add(i32.mul(n.get, i32.const(2 * rows * row)), i32.mul(first.get, i32.const(4)));
  const to = f.let("i32", baseOf(output, image));
  f.repeat(rows, () => {
    f.repeat(columns, () => {
      f.repeat(layout.held / 4, () => {
        transformProducts(
          f,
          (element) => v128.load(from.get, element * layout.productPlane),
          (dy, dx, value) => f.emit(v128.store(to.get, output.offset + dy * row + dx * pixel, value)),
        );
        f.set(from, i32.add(from.get, i32.const(16)));
        f.set(to, i32.add(to.get, i32.const(16)));
      });
      f.set(to, i32.add(to.get, i32.const(2 * pixel - layout.held * 4)));
    });
    f.set(to, i32.add(to.get, i32.const(row)));
  });
}

/** With fewer channels, the transforms cost more than they save in multiplications. */
const MIN_CHANNELS = 16;

/**
 * The result of `convolution` without an odd last row or column, or undefined unless it has 3 × 3 kernels, enough
 * channels, divisible by 4, and filters divisible by 32, or by 8 if there are fewer.
 */
export function winogradConv(convolution: SquareConv, x: Tensor, w: Tensor): Tensor | undefined {
  const { kernel, channels, filters } = convolution;
  const fits = kernel === 3 && channels % 4 === 0 && filters % PANEL === 0 &&
    (filters <= MAX_FILTERS || filters % MAX_FILTERS === 0);
  return fits && channels >= MIN_CHANNELS ? apply(winogradConvOp(convolution), x, w) : undefined;
}

/** The rule: 3 × 3 convolutions with enough channels and a result with even sides use Winograd's algorithm. */
export const winogradConvolutions: Rule = (node, now) => {
  const convolution = squareConv(node);
  if (convolution === undefined || node.shape[1] % 2 > 0 || node.shape[2] % 2 > 0) return undefined;
  const [x, w] = node.inputs.map(now);
  return winogradConv(convolution, x, w);
};

/**
 * The three linear maps of Winograd's F(2 × 2, 3 × 3), for four channels or filters at a time. Elements of a
 * transformed tile are numbered row by row.
 */

const { add, sub, mul } = f32x4;
const half = (x: Code) => mul(x, f32x4.const(0.5));

/**
 * Applies `map`, which turns the values of a line into those of the result's line, first to all columns and then to all
 * rows.
 */
function twice(
  f: FunctionBuilder,
  size: number,
  load: (y: number, x: number) => Code,
  map: (line: Code[]) => Code[],
): Code[][] {
  const keep = (value: Code) => f.let("v128", value).get;
  const indices = [...Array(size).keys()];
  // columns[x][y], then rows[y][x].
  const columns = indices.map((x) => map(indices.map((y) => keep(load(y, x)))).map(keep));
  return columns[0].map((_, y) => map(columns.map((column) => column[y])));
}

/** G w Gᵀ of a 3 × 3 kernel w. */
function transformKernel(
  f: FunctionBuilder,
  load: (ky: number, kx: number) => Code,
  store: (element: number, value: Code) => void,
): void {
  const map = ([a, b, c]: Code[]) => {
    const ends = f.let("v128", half(add(a, c))).get, middle = f.let("v128", half(b)).get;
    return [a, add(ends, middle), sub(ends, middle), c];
  };
  twice(f, 3, load, map).forEach((row, y) => row.forEach((value, x) => store(4 * y + x, value)));
}

/** Bᵀ d B of a tile d of 4 × 4 pixels. */
function transformImageTile(
  f: FunctionBuilder,
  load: (y: number, x: number) => Code,
  store: (element: number, value: Code) => void,
): void {
  const map = ([a, b, c, d]: Code[]) => [sub(a, c), add(b, c), sub(c, b), sub(b, d)];
  twice(f, 4, load, map).forEach((row, y) => row.forEach((value, x) => store(4 * y + x, value)));
}

/** Aᵀ m A of the 16 sums of products m: 2 × 2 outputs. */
function transformProducts(
  f: FunctionBuilder,
  load: (element: number) => Code,
  store: (y: number, x: number, value: Code) => void,
): void {
  const map = ([a, b, c, d]: Code[]) => [add(add(a, b), c), sub(sub(b, c), d)];
  twice(f, 4, (y, x) => load(4 * y + x), map).forEach((row, y) => row.forEach((value, x) => store(y, x, value)));
}
