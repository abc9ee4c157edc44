/** Ops whose result element depends on one element of each input. Operands have equal shapes; see `broadcast`. */
import { f32x4, i32x4, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { exp as wasmExp } from "../codegen/wasm/math.ts";
import { literal } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { ElementwiseOp } from "../op.ts";
import { broadcastTogether } from "./broadcast.ts";
import { elementwise } from "./define.ts";

const unary = (op: ElementwiseOp) => (x: Tensor): Tensor => apply(op, x);
const binary = (op: ElementwiseOp) => (a: Tensor, b: Tensor): Tensor => apply(op, ...broadcastTogether(a, b));

/** a + b, after broadcasting. */
export const add = binary(elementwise(2, {
  name: "add",
  reference: (a, b) => a + b,
  gradient: (g) => [g, g],
  wasm: (_, a, b) => f32x4.add(a.get, b.get),
  wgsl: (a, b) => `${a} + ${b}`,
}));

/** a − b, after broadcasting. */
export const sub = binary(elementwise(2, {
  name: "sub",
  reference: (a, b) => a - b,
  gradient: (g) => [g, neg(g)],
  wasm: (_, a, b) => f32x4.sub(a.get, b.get),
  wgsl: (a, b) => `${a} - ${b}`,
}));

/** a × b, after broadcasting. */
export const mul = binary(elementwise(2, {
  name: "mul",
  reference: (a, b) => a * b,
  gradient: (g, { inputs: [a, b] }) => [mul(g, b), mul(g, a)],
  wasm: (_, a, b) => f32x4.mul(a.get, b.get),
  wgsl: (a, b) => `${a} * ${b}`,
}));

/** a ÷ b, after broadcasting. */
export const div = binary(elementwise(2, {
  name: "div",
  reference: (a, b) => a / b,
  gradient: (g, node) => [div(g, node.inputs[1]), neg(div(mul(g, node), node.inputs[1]))],
  wasm: (_, a, b) => f32x4.div(a.get, b.get),
  wgsl: (a, b) => `${a} / ${b}`,
}));

/** −x. */
export const neg = unary(elementwise(1, {
  name: "neg",
  reference: (x) => -x,
  gradient: (g) => [neg(g)],
  wasm: (_, x) => f32x4.neg(x.get),
  wgsl: (x) => `-${x}`,
}));

/** e^x. */
export const exp = unary(elementwise(1, {
  name: "exp",
  reference: Math.exp,
  gradient: (g, node) => [mul(g, node)],
  wasm: (f, x) => wasmExp(f, x.get).get,
  // Not every device computes far out as it should, so the argument is clamped as it is in WebAssembly.
  wgsl: (x) => `exp(clamp(${x}, -87.3, 88.0))`,
}));

/** √x. */
export const sqrt = unary(elementwise(1, {
  name: "sqrt",
  reference: Math.sqrt,
  gradient: (g, node) => [div(g, add(node, node))],
  wasm: (_, x) => f32x4.sqrt(x.get),
  wgsl: (x) => `sqrt(${x})`,
}));

/** max(x, 0). */
export const relu = unary(elementwise(1, {
  name: "relu",
  reference: (x) => Math.max(x, 0),
  gradient: (g, node) => [reluGrad(g, node)],
  wasm: (_, x) => f32x4.max(x.get, v128.zero),
  wgsl: (x) => `max(${x}, 0.0)`,
}));

/** x where `by` is positive, 0 elsewhere: what passes a ReLU backwards. */
export const reluGrad = binary(elementwise(2, {
  name: "reluGrad",
  reference: (x, by) => (by > 0 ? x : 0),
  gradient: (g, { inputs: [, by] }) => [reluGrad(g, by), undefined],
  wasm: (_, x, by) => v128.and(x.get, f32x4.gt(by.get, v128.zero)),
  wgsl: (x, by) => `select(0.0, ${x}, ${by} > 0.0)`,
}));

const SMALLEST_NORMAL = 2 ** -126;
const ALL_BUT_SIGN = 0x7fffffff;

/**
 * x, or 0 where x is too small for a normal float32; what is no number stays none. Arithmetic on such denormal numbers is slow on most processors, and
 * the moments of units that never fire decay into them. Not differentiable: for an optimiser's state.
 */
export const flushDenormals = unary(elementwise(1, {
  name: "flushDenormals",
  reference: (x) => (Math.abs(x) < SMALLEST_NORMAL ? 0 : x),
  gradient: null,
  wasm(f, x) {
    // Not f32x4.abs, whose mask V8 would load from memory each time.
    const size = v128.and(x.get, f.constant(i32x4.const(ALL_BUT_SIGN)));
    return v128.andNot(x.get, f32x4.lt(size, f.constant(f32x4.const(SMALLEST_NORMAL))));
  },
  wgsl: (x) => `select(${x}, 0.0, abs(${x}) < ${literal(SMALLEST_NORMAL)})`,
}));
