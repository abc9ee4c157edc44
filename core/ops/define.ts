/** Helpers to define ops. */
import type { Tensor } from "../graph.ts";
import type { ElementwiseOp, KernelOp, Op } from "../op.ts";
import { requireShape, sameShape, type TensorType } from "../shape.ts";

/** An elementwise op over `arity` f32 operands of equal shapes: adds the shape rule to the rest of the op. */
export function elementwise(arity: number, op: Omit<ElementwiseOp, "kind" | "type">): ElementwiseOp {
  return {
    kind: "elementwise",
    ...op,
    type(inputs: readonly TensorType[]): TensorType {
      requireShape(inputs.length === arity, op.name, `takes ${arity} operands`, inputs);
      requireShape(inputs.every((x) => x.dtype === "f32"), op.name, "takes f32 operands", inputs);
      requireShape(inputs.every((x) => sameShape(x.shape, inputs[0].shape)), op.name, "takes equal shapes", inputs);
      return { dtype: "f32", shape: inputs[0].shape };
    },
  };
}

/**
 * Ops that differ by their parameters alone, such as the axes of a sum. Calling the family makes an op. An op without
 * parameters needs no family: it is a single object, compared by `===`.
 */
export interface OpFamily<P> {
  (parameters: P): KernelOp;
  /** The parameters that `node`'s op was made with if it belongs to this family, else undefined. */
  parametersOf(node: Tensor): P | undefined;
}

/** A family whose ops are made by `make`. */
export function opFamily<P>(make: (parameters: P) => KernelOp): OpFamily<P> {
  const made = new WeakMap<Op, P>();
  const family = (parameters: P) => {
    const op = make(parameters);
    made.set(op, parameters);
    return op;
  };
  return Object.assign(family, { parametersOf: ({ op }: Tensor) => made.get(op) });
}
