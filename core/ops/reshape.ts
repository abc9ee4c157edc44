import { apply, constant, constantValue, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sameShape, type Shape, sizeOf } from "../shape.ts";
import { copyKernel, copyWgsl } from "./copy.ts";
import { opFamily } from "./define.ts";

/** Gives its operand another shape; the shape is the attribute. */
export const reshapeOp = opFamily((shape: Shape): KernelOp => ({
  kind: "kernel",
  isView: true,
  name: "reshape",
  type(inputs) {
    requireShape(sizeOf(inputs[0].shape) === sizeOf(shape), "reshape", `takes ${sizeOf(shape)} elements`, inputs);
    return { dtype: inputs[0].dtype, shape };
  },
  gradient: (g, node) => [reshape(g, node.inputs[0].shape)],
  reference: ([x], output) => output.set(x),
  wasm: (node) => copyKernel(node),
  wgsl: (node) => copyWgsl(node),
}));

/** The same elements in another shape. The result shares its operand's memory, so it usually costs nothing. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const value = constantValue(x);
  if (value !== undefined) return constant(value, shape);
  return apply(reshapeOp(shape), x);
}
