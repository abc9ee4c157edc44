/**
 * WASM kernels that undo PNG's row filters for pixels of four bytes (PNG specification, section 9), four pixels at once
 * if a pixel does not depend on its left neighbour.
 */
import type { Code } from "../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder } from "../../../core/codegen/wasm/assembler/function_builder.ts";
import { advance, firstWord, i16x8, i32, i32x4, i8x16, loadPixel, v128, VECTOR_BYTES } from "./instructions.ts";
import type { ModuleBuilder } from "../../../core/codegen/wasm/assembler/module_builder.ts";

/**
 * Writes to `to` … `end` the row whose filtered bytes begin at `from`; `above` is the row above it. All arguments are
 * addresses, without alignment. The ranges may overlap if `to` is before `from`.
 */
export type Undo = (from: number, to: number, end: number, above: number) => void;

/** Number of filters. */
export const FILTERS = 5;
const PIXEL_BYTES = 4;
const ONES = i32x4.const(0x01010101);

/** The value that a filter subtracted from a pixel, given its neighbours. */
type Prediction = (f: FunctionBuilder, left: Code, up: Code, corner: Code) => Code;

const PREDICTIONS: readonly Prediction[] = [
  () => v128.zero,
  (_f, left) => left,
  (_f, _left, up) => up,
  // `averageU` rounds up but PNG rounds down, so subtract one if the sum is odd.
  (f, left, up) => i8x16.sub(i8x16.averageU(left, up), v128.and(v128.xor(left, up), f.constant(ONES))),
  paeth,
];

/**
 * If the two upper neighbours are equal, as on paper, the left one is the nearest. The distances from
 * left + up − corner need nine bits.
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

/** Handles four pixels at once, given the pixels above them and the four before. */
type FourPixels = (f: FunctionBuilder, filtered: Code, up: Code, previous: Code) => Code;

const AT_ONCE: Readonly<Record<number, FourPixels>> = {
  0: (_f, filtered) => filtered,
  1: (f, filtered, _up, previous) => {
    const sum = f.let("v128", filtered);
    for (const pixels of [1, 2]) f.set(sum, i8x16.add(sum.get, shifted(sum.get, pixels)));
    return i8x16.add(sum.get, lastPixel(previous));
  },
  2: (_f, filtered, up) => i8x16.add(filtered, up),
};

/** The last of four pixels, repeated four times. */
function lastPixel(vector: Code): Code {
  const last = VECTOR_BYTES - PIXEL_BYTES;
  return v128.shuffle(vector, vector, Array.from({ length: VECTOR_BYTES }, (_, i) => last + i % PIXEL_BYTES));
}

/** Moves pixels to the right and fills with zeros. */
function shifted(vector: Code, pixels: number): Code {
  const bytes = Array.from({ length: VECTOR_BYTES }, (_, i) => VECTOR_BYTES + i - pixels * PIXEL_BYTES);
  return v128.shuffle(v128.zero, vector, bytes);
}

/** Adds `undo0` … `undo4` to a module. */
export function addFilters(module: ModuleBuilder) {
  PREDICTIONS.forEach((predict, filter) => {
    module.addFunction(undoName(filter), ["i32", "i32", "i32", "i32"], (f) => {
      const [from, to, end, above] = f.params;
      const row = { from, to, above };
      const step = (bytes: number) => Object.values(row).forEach((address) => advance(f, address, bytes));
      const left = f.let("v128", v128.zero), corner = f.let("v128", v128.zero), up = f.local("v128");
      const atOnce = AT_ONCE[filter];
      if (atOnce !== undefined) {
        f.while(i32.leS(i32.add(to.get, i32.const(VECTOR_BYTES)), end.get), () => {
          f.set(left, atOnce(f, v128.load(from.get, 0), v128.load(above.get, 0), left.get));
          f.emit(v128.store(to.get, 0, left.get));
          step(VECTOR_BYTES);
        });
        // The left neighbour of the remaining pixels.
        f.set(left, lastPixel(left.get));
      }
      f.while(i32.ltS(to.get, end.get), () => {
        f.set(up, loadPixel(above.get));
        f.set(left, i8x16.add(predict(f, left.get, up.get, corner.get), loadPixel(from.get)));
        f.emit(v128.store32Lane(to.get, 0, left.get, 0));
        f.set(corner, up.get);
        step(PIXEL_BYTES);
      });
    }, { exported: true });
  });
}

/** The export of the kernel for a filter. */
export function undoName(filter: number): string {
  return `undo${filter}`;
}
