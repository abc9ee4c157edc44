/** Repeating along axes, and summing over them. Each is the gradient of the other, so they share a file. */
import { broadcastStrides, split } from "../codegen/extents.ts";
import { broadcastKernel } from "../codegen/wasm/broadcast.ts";
import { sumColumns, sumRows } from "../codegen/wasm/sum.ts";
import { coordinates, perElement } from "../codegen/wgsl/kernel.ts";
import { sumWgsl } from "../codegen/wgsl/sum.ts";
import { apply, constant, constantValue, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sameShape, type Shape, ShapeError, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";
import { reshape } from "./reshape.ts";

/** Repeats its operand to fill a shape; the shape is the attribute. */
export const broadcastOp = opFamily((shape: Shape): KernelOp => ({
  kind: "kernel",
  name: "broadcast",
  type(inputs) {
    const [x] = inputs;
    const skipped = shape.length - x.shape.length;
    const fits = skipped >= 0 && x.shape.every((n, i) => n === 1 || n === shape[i + skipped]);
    requireShape(
      x.dtype === "f32" && fits,
      "broadcast",
      `takes a shape that repeats into [${shape.join(", ")}]`,
      inputs,
    );
    return { dtype: "f32", shape };
  },
  gradient: (g, node) => [sumTo(g, node.inputs[0].shape)],
  reference([x], output, node) {
    const strides = broadcastStrides(node.inputs[0].shape, shape);
    for (let i = 0; i < output.length; i++) {
      let rest = i, from = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += (rest % shape[axis]) * strides[axis];
        rest = Math.floor(rest / shape[axis]);
      }
      output[i] = x[from];
    }
  },
  wasm: (node) => broadcastKernel(node.inputs[0].shape, shape),
  wgsl(node) {
    const names = shape.map((_, axis) => `i${axis}`);
    const strides = broadcastStrides(node.inputs[0].shape, shape);
    const terms = names.map((name, axis) => `${name} * ${strides[axis]}u`);
    return perElement(
      sizeOf(shape),
      `${coordinates("i", shape, names)}\nput(i, x0(${["0u", ...terms].join(" + ")}));`,
    );
  },
}));

/** The neighbouring axes that a sum removes: `first` … `end − 1`. */
export type SumAxes = readonly [first: number, end: number];

/** Sums over neighbouring axes; the axes are the attribute. */
export const sumOp = opFamily(([firstAxis, endAxis]: SumAxes): KernelOp => ({
  kind: "kernel",
  name: "sum",
  type(inputs) {
    const [x] = inputs;
    const valid = 0 <= firstAxis && firstAxis < endAxis && endAxis <= x.shape.length;
    requireShape(x.dtype === "f32" && valid, "sum", `takes a tensor with axes ${firstAxis}–${endAxis - 1}`, inputs);
    return { dtype: "f32", shape: [...x.shape.slice(0, firstAxis), ...x.shape.slice(endAxis)] };
  },
  gradient(g, { inputs: [x] }) {
    const kept = x.shape.map((n, axis) => (axis >= firstAxis && axis < endAxis ? 1 : n));
    return [broadcast(reshape(g, kept), x.shape)];
  },
  reference([x], output, node) {
    const { outer, length, inner } = split(node.inputs[0].shape, firstAxis, endAxis);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let k = 0; k < length; k++) total += x[(o * length + k) * inner + i];
        output[o * inner + i] = total;
      }
    }
  },
  wasm(node) {
    const parts = split(node.inputs[0].shape, firstAxis, endAxis);
    return parts.inner === 1 ? sumRows(parts) : sumColumns(parts);
  },
  wgsl: (node) => sumWgsl(split(node.inputs[0].shape, firstAxis, endAxis)),
}));

/**
 * Broadcasts `x` to `shape` by NumPy's rule: shapes are aligned at their last axes, and an axis that is missing or has
 * an extent of 1 repeats.
 * @throws {ShapeError} When `x` does not broadcast to `shape`.
 */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const value = constantValue(x);
  if (value !== undefined) return constant(value, shape);
  return apply(broadcastOp(shape), x);
}

/**
 * Broadcasts both operands to their common shape by NumPy's rule.
 * @throws {ShapeError} When they have none.
 */
export function broadcastTogether(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const m = a.shape[axis - rank + a.shape.length] ?? 1, n = b.shape[axis - rank + b.shape.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(`shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] do not broadcast together`);
    }
    return m === 1 ? n : m;
  });
  return [broadcast(a, shape), broadcast(b, shape)];
}

/**
 * Sums over the neighbouring axes `firstAxis` … `endAxis − 1`, by default over all axes. The result lacks these axes.
 */
export function sum(x: Tensor, firstAxis = 0, endAxis = x.shape.length): Tensor {
  return firstAxis === endAxis ? x : apply(sumOp([firstAxis, endAxis]), x);
}

/** The adjoint of a broadcast from `shape`: sums over the axes that it repeated. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const skipped = x.shape.length - shape.length;
  const repeats = (axis: number) => axis < skipped || (shape[axis - skipped] === 1 && x.shape[axis] !== 1);
  let result = x;
  // From the last axis to the first, so that a sum does not renumber the axes still to be summed.
  for (let end = x.shape.length; end > 0; end--) {
    if (!repeats(end - 1)) continue;
    let first = end - 1;
    while (first > 0 && repeats(first - 1)) first--;
    result = sum(result, first, end);
    end = first + 1;
  }
  return reshape(result, shape);
}
