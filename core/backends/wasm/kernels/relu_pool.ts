import { i32, v128 } from "../../../codegen/wasm/instructions.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { baseOf } from "../../../codegen/wasm/addressing.ts";
import { part } from "./part.ts";
import { type Pooled, pooledLayout, storeMaximum } from "./pooled_conv.ts";

const reluPoolOp: SpecialOp = {
  kind: "special",
  name: "reluPool",
  type: ([x]) => ({ dtype: "f32", shape: [pooledLayout(x).floats] }),
  gradient: null,
  wasm(node) {
    const [x] = node.inputs, [n, h, w, c] = x.shape, { placesAt } = pooledLayout(x);
    const row = w * c * 4;
    return {
      // A row of windows.
      extent: n * (h / 2),
      work: 2 * n * h * w * c / 4,
      emit(f, { from, to, inputs: [x, bias], output }) {
        const piece = f.let("i32", from.get);
        const at = f.let("i32", baseOf(x, i32.mul(from.get, i32.const(2 * row))));
        const out = f.let("i32", baseOf(output, i32.mul(from.get, i32.const(row / 2))));
        const channel = f.local("i32"), pixels = [0, 1, 2, 3].map(() => f.local("v128"));
        f.countTo(piece, to.get, 1, () => {
          f.repeat(w / 2, () => {
            f.set(channel, i32.const(0));
            f.countTo(channel, i32.const(c * 4), 16, () => {
              [0, c * 4, row, row + c * 4].forEach((offset, i) => {
                f.set(pixels[i], v128.load(at.get, x.offset + offset));
              });
              const biases = v128.load(baseOf(bias, channel.get), bias.offset);
              storeMaximum(f, pixels, biases, { at: out, values: output.offset, places: output.offset + placesAt });
              f.set(at, i32.add(at.get, i32.const(16)));
              f.set(out, i32.add(out.get, i32.const(16)));
            });
            f.set(at, i32.add(at.get, i32.const(c * 4)));
          });
          f.set(at, i32.add(at.get, i32.const(row)));
        });
      },
    };
  },
};

/**
 * The largest of each 2 × 2 pixels of max(x + bias, 0) and its place, for `[n, h, w, c]` with even h and w and c divisible by
 * 4, and `[c]`.
 */
export function reluPool(x: Tensor, bias: Tensor): Pooled {
  const both = apply(reluPoolOp, x, bias), { values, places, placesAt } = pooledLayout(x);
  return { values: part(both, values, 0), places: part(both, places, placesAt) };
}
