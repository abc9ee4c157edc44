/**
 * What is done to every byte of a canvas's picture, in WASM SIMD: the row filters of PNG, a pixel at a time, and the
 * search for ink, 16 pixels at a time.
 */
import { type Code, unsigned } from "../core/emit/wasm/encoding.ts";
import type { FunctionBuilder, Local } from "../core/emit/wasm/function_builder.ts";
import { i32, i32x4, v128 } from "../core/emit/wasm/instructions.ts";
import { ModuleBuilder } from "../core/emit/wasm/module_builder.ts";

/** Pixels that `ink` takes at once. */
export const INK_STEP = 16;

/** All arguments are addresses, none of them aligned to anything. */
export interface RgbaKernels {
  /**
   * Undoes one row filter. `to` … `end` becomes the row of which the filtered bytes begin at `from`; `above` is the row
   * above it. `to` may lie before `from` in the same place.
   */
  undo: readonly ((from: number, to: number, end: number, above: number) => void)[];
  /**
   * Writes how far each pixel of `from` … `end` is from `paper` (16 bytes: its pixel four times), the largest distance in
   * red, green or blue, from `to` on. Takes the maximum of all into the 16 bytes at `strongest`, and the bits in which any
   * byte differs from paper's into those at `differences`. The end is a multiple of `INK_STEP` pixels away.
   */
  ink(from: number, end: number, to: number, paper: number, strongest: number, differences: number): void;
}

const PIXEL_BYTES = 4;
const VECTOR_BYTES = 16;

const simd = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];
const i8x16 = {
  add: simd(0x6e),
  sub: simd(0x71),
  subSaturatedU: simd(0x73),
  maxU: simd(0x79),
  /** The mean of unsigned bytes, rounded up. */
  averageU: simd(0x7b),
  narrowI16: simd(0x66),
};
const i16x8 = {
  extendLowU8: simd(0x89),
  eq: simd(0x2d),
  abs: simd(0x80),
  add: simd(0x8e),
  sub: simd(0x91),
  minS: simd(0x96),
};
/** A pixel in the first four bytes; the others are 0. */
const loadPixel = (address: Code): Code => [...simd(0x5c)(address), 0, 0];
const firstWord = (vector: Code): Code => [...simd(0x1b)(vector), 0];
const ONES = i32x4.const(0x01010101);
const COLOURS = i32x4.const(0x00ffffff);

/** From the pixels around it to what a filter subtracted from a pixel (PNG specification, section 9). */
type Prediction = (f: FunctionBuilder, left: Code, up: Code, corner: Code) => Code;

const PREDICTIONS: readonly Prediction[] = [
  () => v128.zero,
  (_f, left) => left,
  (_f, _left, up) => up,
  // The mean rounded down: where the sum is odd, one less than rounded up.
  (_f, left, up) => i8x16.sub(i8x16.averageU(left, up), v128.and(v128.xor(left, up), ONES)),
  paeth,
];

/**
 * On paper the upper neighbours are equal, and then the left one is the nearest. The distances from left + up − corner take
 * nine bits.
 */
function paeth(f: FunctionBuilder, leftBytes: Code, upBytes: Code, cornerBytes: Code): Code {
  const predicted = f.let("v128", leftBytes);
  f.if(i32.sub(firstWord(upBytes), firstWord(cornerBytes)), () => {
    const wide = (bytes: Code) => f.let("v128", i16x8.extendLowU8(bytes)).get;
    const left = wide(leftBytes), up = wide(upBytes), corner = wide(cornerBytes);
    const right = f.let("v128", i16x8.sub(up, corner)).get;
    const down = f.let("v128", i16x8.sub(left, corner)).get;
    const toLeft = f.let("v128", i16x8.abs(right)).get;
    const toUp = f.let("v128", i16x8.abs(down)).get;
    const toCorner = i16x8.abs(i16x8.add(right, down));
    const least = f.let("v128", i16x8.minS(toLeft, i16x8.minS(toUp, toCorner))).get;
    const upOrCorner = v128.bitselect(up, corner, i16x8.eq(toUp, least));
    const nearest = f.let("v128", v128.bitselect(left, upOrCorner, i16x8.eq(toLeft, least))).get;
    f.set(predicted, i8x16.narrowI16(nearest, nearest));
  });
  return predicted.get;
}

function addUndo(module: ModuleBuilder, name: string, predict: Prediction) {
  module.addFunction(name, ["i32", "i32", "i32", "i32"], (f) => {
    const [from, to, end, above] = f.params;
    const left = f.let("v128", v128.zero), corner = f.let("v128", v128.zero), up = f.local("v128");
    f.countTo(to, end.get, PIXEL_BYTES, () => {
      f.set(up, loadPixel(above.get));
      f.set(left, i8x16.add(predict(f, left.get, up.get, corner.get), loadPixel(from.get)));
      f.emit(v128.store32Lane(to.get, 0, left.get, 0));
      f.set(corner, up.get);
      advance(f, from, PIXEL_BYTES);
      advance(f, above, PIXEL_BYTES);
    });
  }, { exported: true });
}

function addInk(module: ModuleBuilder) {
  module.addFunction("ink", ["i32", "i32", "i32", "i32", "i32", "i32"], (f) => {
    const [from, end, to, paperAt, strongestAt, differencesAt] = f.params;
    const paper = f.let("v128", v128.load(paperAt.get, 0));
    const strongest = f.let("v128", v128.load(strongestAt.get, 0));
    const differences = f.let("v128", v128.load(differencesAt.get, 0));
    /** The ink of four pixels, in the first byte of each. */
    const inkOfFour = (offset: number): Code => {
      const pixels = f.let("v128", v128.load(from.get, offset)).get;
      const distance = f.let(
        "v128",
        v128.or(i8x16.subSaturatedU(pixels, paper.get), i8x16.subSaturatedU(paper.get, pixels)),
      );
      f.set(differences, v128.or(differences.get, distance.get));
      f.set(distance, v128.and(distance.get, COLOURS));
      f.set(distance, i8x16.maxU(distance.get, i32x4.shrU(distance.get, i32.const(16))));
      return i8x16.maxU(distance.get, i32x4.shrU(distance.get, i32.const(8)));
    };
    const everyFourth = [0, 4, 8, 12, 16, 20, 24, 28];
    const inkOfEight = (offset: number): Code =>
      f.let("v128", v128.shuffle(inkOfFour(offset), inkOfFour(offset + VECTOR_BYTES), [...everyFourth, ...everyFourth]))
        .get;
    const firstHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
    const ink = f.local("v128");
    f.countTo(from, end.get, INK_STEP * PIXEL_BYTES, () => {
      f.set(ink, v128.shuffle(inkOfEight(0), inkOfEight(2 * VECTOR_BYTES), firstHalves));
      f.emit(v128.store(to.get, 0, ink.get));
      f.set(strongest, i8x16.maxU(strongest.get, ink.get));
      advance(f, to, INK_STEP);
    });
    f.emit(v128.store(strongestAt.get, 0, strongest.get));
    f.emit(v128.store(differencesAt.get, 0, differences.get));
  }, { exported: true });
}

function advance(f: FunctionBuilder, address: Local, bytes: number) {
  f.set(address, i32.add(address.get, i32.const(bytes)));
}

/** Kernels over `memory`, of which the first page is there. */
export function compileRgbaKernels(memory: WebAssembly.Memory): RgbaKernels {
  const module = new ModuleBuilder({ relaxedFma: false });
  PREDICTIONS.forEach((predict, filter) => addUndo(module, `undo${filter}`, predict));
  addInk(module);
  const code = new WebAssembly.Module(module.encode({ pages: 1, shared: false }));
  const { exports } = new WebAssembly.Instance(code, { env: { memory } });
  const kernels = exports as Record<string, CallableFunction>;
  return {
    undo: PREDICTIONS.map((_, filter) => kernels[`undo${filter}`]) as unknown as RgbaKernels["undo"],
    ink: kernels.ink as unknown as RgbaKernels["ink"],
  };
}
