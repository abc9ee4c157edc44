import { i32, v128 } from "../../../codegen/wasm/instructions.ts";
import { transpose4 } from "../../../codegen/wasm/math.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { baseOf } from "../../../codegen/wasm/addressing.ts";

/** Rows of the result that one piece of work fills: a cache line of each row that is read. */
const PIECE = 16;

const transposeOp: SpecialOp = {
  kind: "special",
  name: "transpose",
  type: ([{ shape: [rows, columns] }]) => ({ dtype: "f32", shape: [columns, rows] }),
  gradient: null,
  wasm(node) {
    const [rows, columns] = node.inputs[0].shape;
    return {
      extent: Math.ceil(columns / PIECE),
      emit(f, { from, to, inputs: [x], output }) {
        const column = f.let("i32", i32.mul(from.get, i32.const(PIECE)));
        const end = f.let("i32", i32.mul(to.get, i32.const(PIECE)));
        f.if(i32.gtS(end.get, i32.const(columns)), () => f.set(end, i32.const(columns)));
        const at = f.local("i32"), out = f.local("i32");
        f.countTo(column, end.get, 4, () => {
          f.set(at, baseOf(x, i32.mul(column.get, i32.const(4))));
          f.set(out, baseOf(output, i32.mul(column.get, i32.const(rows * 4))));
          f.repeat(rows / 4, () => {
            const block = [0, 1, 2, 3].map((i) => f.let("v128", v128.load(at.get, x.offset + i * columns * 4)));
            transpose4(f, block).forEach((line, i) => f.emit(v128.store(out.get, output.offset + i * rows * 4, line)));
            f.set(at, i32.add(at.get, i32.const(4 * columns * 4)));
            f.set(out, i32.add(out.get, i32.const(16)));
          });
        });
      },
    };
  },
};

/** `[rows, columns]` → `[columns, rows]`, both divisible by 4. */
export function transpose(x: Tensor): Tensor {
  return apply(transposeOp, x);
}
