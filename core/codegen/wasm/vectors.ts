/**
 * Vectors of four float32 lanes: loops over them, and what WebAssembly has no single instruction for, elementary functions
 * included.
 */
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

/** ln 2 in two parts, the first so short that its product with a small integer is exact. */
const LN2_HIGH = 0.693359375, LN2_LOW = -2.12194440e-4;

/** ((c₀ x + c₁) x + c₂) x + …, the coefficients from the highest power to the constant. */
function polynomial(f: FunctionBuilder, x: Local, coefficients: readonly number[]): Code {
  const [first, ...rest] = coefficients;
  return rest.reduce<Code>((sum, c) => f.multiplyAdd(sum, x.get, f32x4.const(c)), f32x4.const(first));
}

/**
 * e^x with a relative error below 2e-7. Arguments are clamped to [−87.3, 88], so that the result is a normal number:
 * never infinite, never a slow denormal. Range reduction and polynomial after Cephes' expf (S. Moshier).
 */
export function exp(f: FunctionBuilder, x: Code): Local {
  const clamped = f.let("v128", f32x4.min(f32x4.max(x, f32x4.const(-87.3)), f32x4.const(88)));
  const n = f.let("v128", f32x4.nearest(f32x4.mul(clamped.get, f32x4.const(Math.LOG2E))));
  const high = f.multiplyAdd(n.get, f32x4.const(-LN2_HIGH), clamped.get);
  const r = f.let("v128", f.multiplyAdd(n.get, f32x4.const(-LN2_LOW), high));
  const tail = polynomial(f, r, [
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
  ]);
  const mantissa = f32x4.add(f.multiplyAdd(tail, f32x4.mul(r.get, r.get), r.get), f32x4.const(1));
  const power = i32x4.shl(i32x4.add(i32x4.truncSatF32(n.get), i32x4.const(127)), i32.const(23));
  return f.let("v128", f32x4.mul(mantissa, power));
}

/**
 * Natural logarithm of positive normal numbers, with an absolute error below 2e-7: x = 2^e m with m in [√½, √2), and
 * ln m = 2 artanh(s), s = (m − 1)/(m + 1), by its series.
 */
export function log(f: FunctionBuilder, x: Local): Local {
  // Subtracting the bits of √½ first makes the shifted exponent change at √½ instead of at 1.
  const SQRT_HALF_BITS = 0x3f3504f3;
  const exponent = f.let("v128", i32x4.shrS(i32x4.sub(x.get, i32x4.const(SQRT_HALF_BITS)), i32.const(23)));
  const m = f.let("v128", i32x4.sub(x.get, i32x4.shl(exponent.get, i32.const(23))));
  const s = f.let("v128", f32x4.div(f32x4.sub(m.get, f32x4.const(1)), f32x4.add(m.get, f32x4.const(1))));
  const z = f.let("v128", f32x4.mul(s.get, s.get));
  const series = polynomial(f, z, [2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3, 2]);
  const e = f.let("v128", f32x4.convertI32(exponent.get));
  const small = f.multiplyAdd(e.get, f32x4.const(LN2_LOW), f32x4.mul(series, s.get));
  return f.let("v128", f.multiplyAdd(e.get, f32x4.const(LN2_HIGH), small));
}
