/** Elementary functions of four float32 numbers that WebAssembly lacks. */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { f32x4, i32, i32x4 } from "./assembler/instructions.ts";

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
