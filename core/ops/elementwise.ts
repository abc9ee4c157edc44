/**
 * Elementwise arithmetic and activations: each element of the result depends on the same element of each operand. An
 * op's operands have equal shapes; the functions that apply binary ops broadcast first.
 */
import { f32x4, i32x4, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { exp as wasmExp } from "../codegen/wasm/vectors.ts";
import { literal } from "../codegen/wgsl/kernel.ts";
import type { Code, FunctionBuilder } from "../codegen/wasm/assembler/function_builder.ts";
import { apply, constant, type Tensor } from "../graph.ts";
import type { ElementwiseOp } from "../op.ts";
import { broadcastTogether } from "./broadcast_and_sum.ts";
import { elementwise } from "./define.ts";

const unary = (op: ElementwiseOp) => (x: Tensor): Tensor => apply(op, x);
const binary = (op: ElementwiseOp) => (a: Tensor, b: Tensor): Tensor => apply(op, ...broadcastTogether(a, b));

/** The op behind `add`. */
export const addOp = elementwise(2, {
  name: "add",
  reference: (a, b) => a + b,
  gradient: (g) => [g, g],
  wasm: (_, a, b) => f32x4.add(a.get, b.get),
  wgsl: (a, b) => `${a} + ${b}`,
});

/** a + b, after broadcasting. */
export const add = binary(addOp);

/** The op behind `sub`. */
export const subOp = elementwise(2, {
  name: "sub",
  reference: (a, b) => a - b,
  gradient: (g) => [g, neg(g)],
  wasm: (_, a, b) => f32x4.sub(a.get, b.get),
  wgsl: (a, b) => `${a} - ${b}`,
});

/** a − b, after broadcasting. */
export const sub = binary(subOp);

/** The op behind `mul`. */
export const mulOp = elementwise(2, {
  name: "mul",
  reference: (a, b) => a * b,
  gradient: (g, { inputs: [a, b] }) => [mul(g, b), mul(g, a)],
  wasm: (_, a, b) => f32x4.mul(a.get, b.get),
  wgsl: (a, b) => `${a} * ${b}`,
});

/** a × b, after broadcasting. */
export const mul = binary(mulOp);

/** The op behind `div`. */
export const divOp = elementwise(2, {
  name: "div",
  reference: (a, b) => a / b,
  gradient: (g, node) => [div(g, node.inputs[1]), neg(div(mul(g, node), node.inputs[1]))],
  wasm: (_, a, b) => f32x4.div(a.get, b.get),
  wgsl: (a, b) => `${a} / ${b}`,
});

/** a ÷ b, after broadcasting. */
export const div = binary(divOp);

/** The op behind `neg`. */
export const negOp = elementwise(1, {
  name: "neg",
  reference: (x) => -x,
  gradient: (g) => [neg(g)],
  wasm: (_, x) => f32x4.neg(x.get),
  wgsl: (x) => `-${x}`,
});

/** −x. */
export const neg = unary(negOp);

/** The op behind `exp`. */
export const expOp = elementwise(1, {
  name: "exp",
  reference: Math.exp,
  gradient: (g, node) => [mul(g, node)],
  wasm: (f, x) => wasmExp(f, x.get).get,
  // Some devices compute large arguments wrongly, so they are clamped as in WebAssembly.
  wgsl: (x) => `exp(clamp(${x}, -87.3, 88.0))`,
});

/** e^x. */
export const exp = unary(expOp);

/** The op behind `sqrt`. */
export const sqrtOp = elementwise(1, {
  name: "sqrt",
  reference: Math.sqrt,
  gradient: (g, node) => [div(g, add(node, node))],
  wasm: (_, x) => f32x4.sqrt(x.get),
  wgsl: (x) => `sqrt(${x})`,
});

/** √x. */
export const sqrt = unary(sqrtOp);

/** The op behind `relu`. */
export const reluOp = elementwise(1, {
  name: "relu",
  reference: (x) => Math.max(x, 0),
  gradient: (g, node) => [reluGrad(g, node)],
  wasm: (_, x) => f32x4.max(x.get, v128.zero),
  wgsl: (x) => `max(${x}, 0.0)`,
});

/** max(x, 0). */
export const relu = unary(reluOp);

/** The op behind `reluGrad`. */
export const reluGradOp = elementwise(2, {
  name: "reluGrad",
  reference: (x, by) => (by > 0 ? x : 0),
  gradient: (g, { inputs: [, by] }) => [reluGrad(g, by), undefined],
  wasm: (_, x, by) => v128.and(x.get, f32x4.gt(by.get, v128.zero)),
  wgsl: (x, by) => `select(0.0, ${x}, ${by} > 0.0)`,
});

/** x where `by` is positive, 0 elsewhere: the gradient of a ReLU. */
export const reluGrad = binary(reluGradOp);

/** 1 / (1 + e^−x) in WebAssembly. */
function wasmSigmoid(f: FunctionBuilder, x: Code): Code {
  return f32x4.div(f32x4.const(1), f32x4.add(wasmExp(f, f32x4.neg(x)).get, f32x4.const(1)));
}

/** The op behind `sigmoid`. */
export const sigmoidOp = elementwise(1, {
  name: "sigmoid",
  reference: (x) => 1 / (1 + Math.exp(-x)),
  gradient: (g, node) => [mul(g, mul(node, sub(constant(1), node)))],
  wasm: (f, x) => wasmSigmoid(f, x.get),
  wgsl: (x) => `1.0 / (1.0 + exp(clamp(-(${x}), -87.3, 88.0)))`,
});

/** The logistic function, 1 / (1 + e^−x). */
export const sigmoid = unary(sigmoidOp);

/** The op behind `tanh`. */
export const tanhOp = elementwise(1, {
  name: "tanh",
  reference: Math.tanh,
  gradient: (g, node) => [mul(g, sub(constant(1), mul(node, node)))],
  // 2 / (1 + e^−2x) − 1, which near 0 is exact to float32's last digit at 1, not at the result.
  wasm: (f, x) =>
    f32x4.sub(f32x4.mul(wasmSigmoid(f, f32x4.mul(x.get, f32x4.const(2))), f32x4.const(2)), f32x4.const(1)),
  wgsl: (x) => `2.0 / (1.0 + exp(clamp(-2.0 * (${x}), -87.3, 88.0))) - 1.0`,
});

/** The hyperbolic tangent. */
export const tanh = unary(tanhOp);

const SMALLEST_NORMAL = 2 ** -126;
const ALL_BUT_SIGN = 0x7fffffff;

/** The op behind `flushDenormals`. */
export const flushDenormalsOp = elementwise(1, {
  name: "flushDenormals",
  reference: (x) => (Math.abs(x) < SMALLEST_NORMAL ? 0 : x),
  gradient: null,
  wasm(f, x) {
    // Not f32x4.abs, for which V8 loads a mask from memory each time.
    const size = v128.and(x.get, f.constant(i32x4.const(ALL_BUT_SIGN)));
    return v128.andNot(x.get, f32x4.lt(size, f.constant(f32x4.const(SMALLEST_NORMAL))));
  },
  wgsl: (x) => `select(${x}, 0.0, abs(${x}) < ${literal(SMALLEST_NORMAL)})`,
});

/**
 * x, or 0 where x is too small for a normal float32; NaN stays NaN. Arithmetic on such denormal numbers is slow on most
 * processors, and the moments of units that never fire decay into them. Not differentiable: it is for an optimiser's
 * state.
 */
export const flushDenormals = unary(flushDenormalsOp);
