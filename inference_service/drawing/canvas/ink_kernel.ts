import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import { advance, i32, i32x4, i8x16, v128, VECTOR_BYTES } from "./instructions.ts";
import type { ModuleBuilder } from "../../../core/codegen/wasm/assembler/module_builder.ts";

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
