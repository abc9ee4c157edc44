/**
 * The three linear maps of Winograd's F(2 × 2, 3 × 3), for four channels or filters at a time. Elements of a
 * transformed tile are numbered row by row.
 */
import type { Code, FunctionBuilder } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4 } from "../../../codegen/wasm/assembler/instructions.ts";

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
export function transformKernel(
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
export function transformImageTile(
  f: FunctionBuilder,
  load: (y: number, x: number) => Code,
  store: (element: number, value: Code) => void,
): void {
  const map = ([a, b, c, d]: Code[]) => [sub(a, c), add(b, c), sub(c, b), sub(b, d)];
  twice(f, 4, load, map).forEach((row, y) => row.forEach((value, x) => store(4 * y + x, value)));
}

/** Aᵀ m A of the 16 sums of products m: 2 × 2 outputs. */
export function transformProducts(
  f: FunctionBuilder,
  load: (element: number) => Code,
  store: (y: number, x: number, value: Code) => void,
): void {
  const map = ([a, b, c, d]: Code[]) => [add(add(a, b), c), sub(sub(b, c), d)];
  twice(f, 4, (y, x) => load(4 * y + x), map).forEach((row, y) => row.forEach((value, x) => store(y, x, value)));
}
