import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import type { TensorType } from "../../../shape.ts";

/** The part of `x` of type `type` that begins at byte `at`. */
export function part(x: Tensor, type: TensorType, at: number): Tensor {
  const op: SpecialOp = {
    kind: "special",
    name: "part",
    partAt: at,
    type: () => type,
    gradient: null,
    wasm() {
      throw new Error("a part has no kernel");
    },
  };
  return apply(op, x);
}
