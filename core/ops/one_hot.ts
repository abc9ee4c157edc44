import { f32, i32 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";

/** Turns class numbers into rows with a single 1; the number of classes is the attribute. */
export const oneHotOp = opFamily((classes: number): KernelOp => ({
  kind: "kernel",
  name: "oneHot",
  type(inputs) {
    requireShape(inputs[0].dtype === "i32" && inputs[0].shape.length === 1, "oneHot", "takes a list of i32", inputs);
    return { dtype: "f32", shape: [inputs[0].shape[0], classes] };
  },
  gradient: null,
  reference([indices], output) {
    output.fill(0);
    indices.forEach((index, row) => output[row * classes + index] = 1);
  },
  wgsl: (node) =>
    perElement(sizeOf(node.shape), `put(i, select(0.0, 1.0, u32(x0(i / ${classes}u)) == i % ${classes}u));`),
  wasm: (node) => ({
    extent: node.shape[0],
    emit(f, { from, to, inputs: [indices], output }) {
      const row = f.let("i32", from.get), out = f.local("i32"), index = f.local("i32");
      f.countTo(row, to.get, 1, () => {
        f.set(out, baseOf(output, i32.mul(row.get, i32.const(classes * 4))));
        for (let c = 0; c < classes; c++) f.emit(f32.store(out.get, output.offset + 4 * c, f32.const(0)));
        f.set(index, i32.load(baseOf(indices, i32.mul(row.get, i32.const(4))), indices.offset));
        f.requireBelow(index, classes);
        f.emit(f32.store(i32.add(out.get, i32.mul(index.get, i32.const(4))), output.offset, f32.const(1)));
      });
    },
  }),
}));

/** Class numbers `[rows]` → `[rows, classes]`, with a 1 at each row's class and 0 elsewhere. */
export function oneHot(indices: Tensor, classes: number): Tensor {
  return apply(oneHotOp(classes), indices);
}
