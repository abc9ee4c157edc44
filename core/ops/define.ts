import type { ElementwiseOp } from "../op.ts";
import { requireShape, sameShape, type TensorType } from "../shape.ts";

/** An elementwise op over `arity` float32 operands of equal shapes. */
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
