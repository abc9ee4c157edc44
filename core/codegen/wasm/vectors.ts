/** Vectors of four float32 lanes: loops over them, and operations for which WebAssembly has no single instruction. */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "./assembler/instructions.ts";

/**
 * Loops over `count` float32 numbers, four at a time: `body` receives the number of lanes to use (4, or fewer in the
 * last round) and finds its numbers at `pointer`, which then advances.
 */
export function eachVector(f: FunctionBuilder, pointer: Local, count: number, body: (lanes: number) => void): void {
  const full = Math.floor(count / 4), rest = count % 4;
  if (full > 0) {
    f.repeat(full, () => {
      body(4);
      f.set(pointer, i32.add(pointer.get, i32.const(16)));
    });
  }
  if (rest > 0) body(rest);
}

/** Writes zeros into `bytes` bytes from `start`, rounded up to whole vectors. */
export function clear(f: FunctionBuilder, start: Local, bytes: number): void {
  const at = f.let("i32", start.get);
  f.countTo(at, i32.add(start.get, i32.const(bytes)), 16, () => f.emit(v128.store(at.get, 0, v128.zero)));
}

const ALL_BITS = -1;

/** `x` in its first `count` lanes (1–4) and `fill` in the others. */
export function firstLanes(x: Code, count: number, fill: number): Code {
  if (count === 4) return x;
  const bits = [0, 1, 2, 3].map((lane) => (lane < count ? ALL_BITS : 0)) as [number, number, number, number];
  return v128.bitselect(x, f32x4.const(fill), i32x4.lanes(...bits));
}

/** Stores the first `count` lanes (1–4) of `value`. */
export function storeLanes(f: FunctionBuilder, address: Code, offset: number, value: Code, count: number): void {
  if (count === 4) return f.emit(v128.store(address, offset, value));
  const local = f.let("v128", value);
  for (let lane = 0; lane < count; lane++) f.emit(v128.store32Lane(address, offset + 4 * lane, local.get, lane));
}

/** Combines the four lanes of `value` with `combine`, in a fixed order, and puts the result into all lanes. */
export function acrossLanes(f: FunctionBuilder, value: Code, combine: (a: Code, b: Code) => Code): Local {
  const result = f.let("v128", value);
  for (const distance of [8, 4]) {
    const rotated = [...Array(16).keys()].map((byte) => (byte + distance) % 16);
    f.set(result, combine(result.get, v128.shuffle(result.get, result.get, rotated)));
  }
  return result;
}

/** The columns of the 4 × 4 block of float32 with these `rows`. */
export function transpose4(f: FunctionBuilder, rows: readonly Local[]): Code[] {
  const words = (...lanes: number[]) => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
  const low = words(0, 4, 1, 5), high = words(2, 6, 3, 7);
  const [a, b, c, d] = rows.map((row) => row.get);
  const abLow = f.let("v128", v128.shuffle(a, b, low)), abHigh = f.let("v128", v128.shuffle(a, b, high));
  const cdLow = f.let("v128", v128.shuffle(c, d, low)), cdHigh = f.let("v128", v128.shuffle(c, d, high));
  const first = words(0, 1, 4, 5), second = words(2, 3, 6, 7);
  return [
    v128.shuffle(abLow.get, cdLow.get, first),
    v128.shuffle(abLow.get, cdLow.get, second),
    v128.shuffle(abHigh.get, cdHigh.get, first),
    v128.shuffle(abHigh.get, cdHigh.get, second),
  ];
}
