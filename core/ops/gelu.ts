import { f32x4 } from "../codegen/wasm/assembler/instructions.ts";
import { exp as wasmExp } from "../codegen/wasm/vectors.ts";
import { apply, constant, type Tensor } from "../graph.ts";
import { elementwise } from "./define.ts";
import { add, div, exp, mul, sub } from "./elementwise.ts";

/** √(2/π), and the coefficient of the cubic term. */
const SLOPE = Math.sqrt(2 / Math.PI), CUBIC = 0.044715;

/** The op behind `gelu`. */
export const geluOp = elementwise(1, {
  name: "gelu",
  reference: (x) => 0.5 * x * (1 + Math.tanh(SLOPE * (x + CUBIC * x ** 3))),
  gradient(g, { inputs: [x] }) {
    // With u = √(2/π) (x + c x³) and s = 1 / (1 + e^(−2u)): gelu = x s, and s' = 2 u' s (1 − s).
    const square = mul(x, x);
    const u = mul(mul(x, add(mul(square, constant(CUBIC)), constant(1))), constant(SLOPE));
    const s = div(constant(1), add(exp(mul(u, constant(-2))), constant(1)));
    const slope = mul(add(mul(square, constant(3 * CUBIC)), constant(1)), constant(2 * SLOPE));
    return [mul(g, add(s, mul(mul(x, slope), mul(s, sub(constant(1), s)))))];
  },
  wasm(f, x) {
    const cube = f32x4.mul(f32x4.mul(x.get, x.get), x.get);
    const u = f32x4.mul(f.multiplyAdd(cube, f32x4.const(CUBIC), x.get), f32x4.const(-2 * SLOPE));
    return f32x4.div(x.get, f32x4.add(wasmExp(f, u).get, f32x4.const(1)));
  },
  wgsl: (x) => `${x} / (1.0 + exp(clamp(${-2 * SLOPE} * (${x} + ${CUBIC} * ${x} * ${x} * ${x}), -87.3, 88.0)))`,
});

/**
 * Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016): ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
 */
export function gelu(x: Tensor): Tensor {
  return apply(geluOp, x);
}
