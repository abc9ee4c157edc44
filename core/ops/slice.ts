import { i32 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape } from "../shape.ts";
import { opFamily } from "./define.ts";

/** Reads a part of a list; the length of the part is the attribute. */
export const sliceOp = opFamily((length: number): KernelOp => ({
  kind: "kernel",
  name: "slice",
  type(inputs) {
    const [x, start] = inputs;
    const valid = x.dtype === "i32" && x.shape.length === 1 && start.dtype === "i32" && start.shape.length === 0;
    requireShape(
      valid && length <= x.shape[0],
      "slice",
      `takes at least ${length} i32 and an i32 scalar to start at`,
      inputs,
    );
    return { dtype: "i32", shape: [length] };
  },
  gradient: null,
  reference: ([x, start], output) => output.set(x.subarray(start[0], start[0] + length)),
  wgsl: () => perElement(length, "put(i, x0(u32(x1(0u)) + i));"),
  wasm: (node) => ({
    extent: Math.ceil(length / 16),
    emit(f, { from, to, inputs: [x, start], output }) {
      const index = f.let("i32", i32.load(baseOf(start), start.offset));
      f.requireBelow(index, node.inputs[0].shape[0] - length + 1);
      const at = f.let("i32", i32.mul(from.get, i32.const(64)));
      const end = f.let("i32", i32.mul(to.get, i32.const(64)));
      f.if(i32.gtS(end.get, i32.const(length * 4)), () => f.set(end, i32.const(length * 4)));
      const first = f.let("i32", baseOf(x, i32.mul(index.get, i32.const(4))));
      f.countTo(at, end.get, 4, () => {
        const value = i32.load(i32.add(first.get, at.get), x.offset);
        f.emit(i32.store(baseOf(output, at.get), output.offset, value));
      });
    },
  }),
}));

/** Elements `start` … `start + length − 1` of a list of i32. `start` is an i32 scalar, so it may vary by step. */
export function slice(x: Tensor, start: Tensor, length: number): Tensor {
  return apply(sliceOp(length), x, start);
}
