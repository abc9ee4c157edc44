import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder } from "../../../core/codegen/wasm/assembler/function_builder.ts";
import type { ModuleBuilder } from "../../../core/codegen/wasm/assembler/module_builder.ts";
import { PLAIN_TOOLS, type PlaneTools } from "../../../core/mnist/drawing/prepare_drawing.ts";
import type { Box } from "../../../core/mnist/drawing/raster.ts";
import { advance, i16x8, i32, i32x4, i8x16, v128, VECTOR_BYTES } from "./instructions.ts";

/** Number of pixels that the kernel `ink` reads at once. */
export const INK_STEP = 16;

/**
 * Writes to `to` how far each pixel of `from` … `end` is from `paper` (16 bytes: one pixel four times): the largest
 * distance in red, green or blue. Merges their maximum into the 16 bytes at `strongest`, and the bits in which any byte
 * differs from the paper's into those at `differences`. The number of pixels is a multiple of `INK_STEP`.
 */
export type InkKernel = (
  from: number,
  end: number,
  to: number,
  paper: number,
  strongest: number,
  differences: number,
) => void;

const PIXEL_BYTES = 4;
const COLOURS = i32x4.const(0x00ffffff);

/** Adds the kernel `ink` to a module. */
export function addInk(module: ModuleBuilder) {
  module.addFunction("ink", ["i32", "i32", "i32", "i32", "i32", "i32"], (f) => {
    const [from, end, to, paperAt, strongestAt, differencesAt] = f.params;
    const paper = f.let("v128", v128.load(paperAt.get, 0));
    const strongest = f.let("v128", v128.load(strongestAt.get, 0));
    const differences = f.let("v128", v128.load(differencesAt.get, 0));
    /** The ink of four pixels, in the first byte of each. */
    const inkOfFour = (pixels: Code): Code => {
      const distance = f.let(
        "v128",
        v128.or(i8x16.subSaturatedU(pixels, paper.get), i8x16.subSaturatedU(paper.get, pixels)),
      );
      f.set(differences, v128.or(differences.get, distance.get));
      f.set(distance, v128.and(distance.get, f.constant(COLOURS)));
      f.set(distance, i8x16.maxU(distance.get, i32x4.shrU(distance.get, i32.const(16))));
      return i8x16.maxU(distance.get, i32x4.shrU(distance.get, i32.const(8)));
    };
    const everyFourth = [0, 4, 8, 12, 16, 20, 24, 28];
    const inkOfEight = (first: Code, second: Code): Code =>
      f.let("v128", v128.shuffle(inkOfFour(first), inkOfFour(second), [...everyFourth, ...everyFourth])).get;
    const firstHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
    const ink = f.local("v128");
    f.countTo(from, end.get, INK_STEP * PIXEL_BYTES, () => {
      const pixels = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(from.get, i * VECTOR_BYTES)).get);
      f.set(ink, pixels.map((four) => v128.xor(four, paper.get)).reduce((a, b) => v128.or(a, b)));
      // Most of a drawing is paper, where the difference is 0, and so is the ink.
      f.if(v128.anyTrue(ink.get), () => {
        const [a, b, c, d] = pixels;
        f.set(ink, v128.shuffle(inkOfEight(a, b), inkOfEight(c, d), firstHalves));
        f.set(strongest, i8x16.maxU(strongest.get, ink.get));
      });
      f.emit(v128.store(to.get, 0, ink.get));
      advance(f, to, INK_STEP);
    });
    f.emit(v128.store(strongestAt.get, 0, strongest.get));
    f.emit(v128.store(differencesAt.get, 0, differences.get));
  }, { exported: true });
}

/** Columns are processed in blocks of this size. Ignore results beyond the last column. */
const COLUMN_STEP = VECTOR_BYTES;
/** Bytes after the plane that the kernels may read. */
export const PLANE_MARGIN = COLUMN_STEP;
/** The most rows of 255 whose sum fits into 16 bits. */
const MAX_SUMMED_ROWS = 257;

/**
 * Kernels over the plane of ink: largest values of rows and columns, sums of columns. Arguments are addresses and
 * counts.
 */
export interface PlaneKernels {
  /**
   * Writes to `to` 16 bytes for each of `rows` rows, whose largest is the row's largest. The first row is `from` …
   * `end`, at least 16 bytes; rows are `stride` apart.
   */
  rowMaxima(from: number, end: number, rows: number, stride: number, to: number): void;
  /** Writes to `to` the largest byte of each column of `from` … `end`, over `rows` rows that are `stride` apart. */
  columnMaxima(from: number, end: number, rows: number, stride: number, to: number): void;
  /** Likewise writes the sum of each column, as 16 bits. */
  columnSums(from: number, end: number, rows: number, stride: number, to: number): void;
}

type Columns = (f: FunctionBuilder, pixels: Code) => { add(): void; store(to: Code): void };

const MAXIMA: Columns = (f, pixels) => {
  const most = f.let("v128", v128.zero);
  return {
    add: () => f.set(most, i8x16.maxU(most.get, pixels)),
    store: (to) => f.emit(v128.store(to, 0, most.get)),
  };
};

const SUMS: Columns = (f, pixels) => {
  const low = f.let("v128", v128.zero), high = f.let("v128", v128.zero);
  return {
    add() {
      f.set(low, i16x8.add(low.get, i16x8.extendLowU8(pixels)));
      f.set(high, i16x8.add(high.get, i16x8.extendHighU8(pixels)));
    },
    store(to) {
      f.emit(v128.store(to, 0, low.get));
      f.emit(v128.store(to, VECTOR_BYTES, high.get));
    },
  };
};

/** Adds the kernels to a module. */
export function addPlaneKernels(module: ModuleBuilder) {
  addRowMaxima(module);
  addColumns(module, "columnMaxima", MAXIMA, VECTOR_BYTES);
  addColumns(module, "columnSums", SUMS, 2 * VECTOR_BYTES);
}

function addRowMaxima(module: ModuleBuilder) {
  module.addFunction("rowMaxima", ["i32", "i32", "i32", "i32", "i32"], (f) => {
    const [from, end, rows, stride, to] = f.params;
    const at = f.local("i32"), last = f.let("i32", i32.sub(end.get, i32.const(VECTOR_BYTES)));
    const most = f.local("v128");
    f.while(i32.gtS(rows.get, i32.const(0)), () => {
      // The last vector may overlap the previous one.
      f.set(most, v128.load(last.get, 0));
      f.set(at, from.get);
      f.countTo(at, last.get, VECTOR_BYTES, () => f.set(most, i8x16.maxU(most.get, v128.load(at.get, 0))));
      f.emit(v128.store(to.get, 0, most.get));
      for (const address of [from, last]) f.set(address, i32.add(address.get, stride.get));
      advance(f, to, VECTOR_BYTES);
      advance(f, rows, -1);
    });
  }, { exported: true });
}

function addColumns(module: ModuleBuilder, name: keyof PlaneKernels, columns: Columns, resultBytes: number) {
  module.addFunction(name, ["i32", "i32", "i32", "i32", "i32"], (f) => {
    const [from, end, rows, stride, to] = f.params;
    const at = f.local("i32"), left = f.local("i32"), pixels = f.local("v128");
    f.countTo(from, end.get, COLUMN_STEP, () => {
      const result = columns(f, pixels.get);
      f.set(at, from.get);
      f.set(left, rows.get);
      f.while(i32.gtS(left.get, i32.const(0)), () => {
        f.set(pixels, v128.load(at.get, 0));
        result.add();
        f.set(at, i32.add(at.get, stride.get));
        advance(f, left, -1);
      });
      result.store(to.get);
      advance(f, to, resultBytes);
    });
  }, { exported: true });
}

/** Bytes that the kernels need for their results. */
export function resultBytes(width: number, height: number): number {
  return Math.max(2 * (width + COLUMN_STEP), VECTOR_BYTES * height);
}

/**
 * Tools for a plane of ink in `memory`, with the same results as `PLAIN_TOOLS`, which handle narrow planes and planes
 * elsewhere.
 *
 * @param results address at which the kernels write their results
 */
export function fastPlaneTools(
  memory: WebAssembly.Memory,
  kernels: PlaneKernels,
  results: () => number,
): PlaneTools {
  const isHere = (plane: Uint8Array, stride: number) => plane.buffer === memory.buffer && stride >= VECTOR_BYTES;
  return {
    findBox(plane, stride, threshold) {
      if (!isHere(plane, stride)) return PLAIN_TOOLS.findBox(plane, stride, threshold);
      const at = plane.byteOffset, rows = plane.length / stride, to = results();
      kernels.columnMaxima(at, at + stride, rows, stride, to);
      const columns = new Uint8Array(memory.buffer, to, stride);
      let left = 0, right = stride;
      while (columns[left] < threshold) left++;
      while (columns[right - 1] < threshold) right--;
      let hasGap = false;
      for (let x = left; x < right; x++) if (columns[x] < threshold) hasGap = true;

      // At least as wide as a vector; the added columns have no ink.
      const from = Math.min(left, stride - VECTOR_BYTES), end = Math.max(right, from + VECTOR_BYTES);
      kernels.rowMaxima(at + from, at + end, rows, stride, to);
      const maxima = new Uint8Array(memory.buffer, to, rows * VECTOR_BYTES);
      let first = 0, last = maxima.length - 1;
      while (maxima[first] < threshold) first++;
      while (maxima[last] < threshold) last--;
      const top = Math.floor(first / VECTOR_BYTES), bottom = Math.floor(last / VECTOR_BYTES) + 1;
      for (let row = top; row < bottom && !hasGap; row++) {
        let at = row * VECTOR_BYTES;
        const end = at + VECTOR_BYTES;
        while (at < end && maxima[at] < threshold) at++;
        hasGap = at === end;
      }
      return { left, right, top, bottom, hasGap };
    },

    columnSums(plane, stride, box: Box) {
      const { left, top, right, bottom } = box;
      if (!isHere(plane, stride) || bottom - top > MAX_SUMMED_ROWS) return PLAIN_TOOLS.columnSums(plane, stride, box);
      const from = plane.byteOffset + top * stride + left, to = results();
      kernels.columnSums(from, from + right - left, bottom - top, stride, to);
      return new Uint16Array(memory.buffer, to, right - left);
    },
  };
}
