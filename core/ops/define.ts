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
 * Ops that differ only in their attributes, such as the axes of a sum. Calling the family makes an op. An op without
 * attributes needs no family: it is a single object, compared by `===`.
 */
export interface OpFamily<A> {
  (attributes: A): KernelOp;
  /** Whether this family made `node`'s op. */
  matches(node: Tensor): boolean;
  /** The attributes of `node`'s op if this family made it, else undefined. */
  attributesOf(node: Tensor): A | undefined;
}

/** A family whose ops are made by `make`. */
export function opFamily<A>(make: (attributes: A) => KernelOp): OpFamily<A> {
  const made = new WeakMap<Op, A>();
  const family = (attributes: A) => {
    const op = make(attributes);
    made.set(op, attributes);
    return op;
  };
  return Object.assign(family, {
    matches: ({ op }: Tensor) => made.has(op),
    attributesOf: ({ op }: Tensor) => made.get(op),
  });
}
