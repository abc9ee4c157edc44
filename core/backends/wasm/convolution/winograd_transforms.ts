/** The three linear maps of F(2 × 2, 3 × 3), four channels or filters at a time. Places of a tile count row by row. */
import type { Code, FunctionBuilder } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4 } from "../../../codegen/wasm/assembler/instructions.ts";

type Value = Code;
const { add, sub, mul } = f32x4;
const half = (x: Value) => mul(x, f32x4.const(0.5));

/** Applies a map of columns, then the same map of rows: `map` takes the values of a line and gives those of the result's. */
function twice(
  f: FunctionBuilder,
  size: number,
  load: (y: number, x: number) => Value,
  map: (line: Value[]) => Value[],
): Value[][] {
  const keep = (value: Value) => f.let("v128", value).get;
  const indices = [...Array(size).keys()];
  // columns[x][y], then rows[y][x].
  const columns = indices.map((x) => map(indices.map((y) => keep(load(y, x)))).map(keep));
  return columns[0].map((_, y) => map(columns.map((column) => column[y])));
}

/** G g Gᵀ of a 3 × 3 kernel g. */
export function transformKernel(
  f: FunctionBuilder,
  load: (ky: number, kx: number) => Value,
  store: (place: number, value: Value) => void,
): void {
  const map = ([a, b, c]: Value[]) => {
    const ends = f.let("v128", half(add(a, c))).get, middle = f.let("v128", half(b)).get;
    return [a, add(ends, middle), sub(ends, middle), c];
  };
  twice(f, 3, load, map).forEach((row, y) => row.forEach((value, x) => store(4 * y + x, value)));
}

/** Bᵀ d B of a tile d of 4 × 4 pixels. */
export function transformImageTile(
  f: FunctionBuilder,
  load: (y: number, x: number) => Value,
  store: (place: number, value: Value) => void,
): void {
  const map = ([a, b, c, d]: Value[]) => [sub(a, c), add(b, c), sub(c, b), sub(b, d)];
  twice(f, 4, load, map).forEach((row, y) => row.forEach((value, x) => store(4 * y + x, value)));
}

/** Aᵀ m A of the 16 products m: 2 × 2 outputs. */
export function transformProducts(
  f: FunctionBuilder,
  load: (place: number) => Value,
  store: (y: number, x: number, value: Value) => void,
): void {
  const map = ([a, b, c, d]: Value[]) => [add(add(a, b), c), sub(sub(b, c), d)];
  twice(f, 4, (y, x) => load(4 * y + x), map).forEach((row, y) => row.forEach((value, x) => store(y, x, value)));
}
