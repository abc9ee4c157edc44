import { f32, i32 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape } from "../shape.ts";

/** The op behind `argmax`. */
export const argmaxOp: KernelOp = {
  kind: "kernel",
  name: "argmax",
  type(inputs) {
    requireShape(inputs[0].dtype === "f32" && inputs[0].shape.length === 2, "argmax", "takes an f32 matrix", inputs);
    return { dtype: "i32", shape: [inputs[0].shape[0]] };
  },
  gradient: null,
  reference([x], output, node) {
    const columns = node.inputs[0].shape[1];
    for (let row = 0; row < output.length; row++) {
      let best = 0;
      for (let i = 1; i < columns; i++) if (x[row * columns + i] > x[row * columns + best]) best = i;
      output[row] = best;
    }
  },
  wgsl(node) {
    const columns = node.inputs[0].shape[1];
    return perElement(
      node.shape[0],
      `let start = i * ${columns}u;
var best = 0u;
for (var c = 1u; c < ${columns}u; c++) { if (x0(start + c) > x0(start + best)) { best = c; } }
put(i, i32(best));`,
    );
  },
  wasm: (node) => {
    const columns = node.inputs[0].shape[1];
    return {
      extent: node.shape[0],
      emit(f, { from, to, inputs: [x], output }) {
        const row = f.let("i32", from.get), at = f.local("i32"), i = f.local("i32"), best = f.local("i32");
        const top = f.local("f32"), value = f.local("f32");
        f.countTo(row, to.get, 1, () => {
          f.set(at, baseOf(x, i32.mul(row.get, i32.const(columns * 4))));
          f.set(top, f32.load(at.get, x.offset));
          f.set(best, i32.const(0));
          f.set(i, i32.const(1));
          f.countTo(i, i32.const(columns), 1, () => {
            f.set(value, f32.load(i32.add(at.get, i32.mul(i.get, i32.const(4))), x.offset));
            f.if(f32.gt(value.get, top.get), () => {
              f.set(top, value.get);
              f.set(best, i.get);
            });
          });
          f.emit(i32.store(baseOf(output, i32.mul(row.get, i32.const(4))), output.offset, best.get));
        });
      },
    };
  },
};

/** `[rows, columns]` → `[rows]`: the column of each row's largest element, the first one if several are equal. */
export function argmax(x: Tensor): Tensor {
  return apply(argmaxOp, x);
}
