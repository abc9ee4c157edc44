import { f32x4, i32, i32x4, v128 } from "../../../emit/wasm/instructions.ts";
import { apply, type Tensor } from "../../../graph.ts";
import type { SpecialOp } from "../../../op.ts";
import { baseOf } from "../../../ops/addressing.ts";
import { type Pooled, part, pooledLayout } from "./pooled_conv.ts";

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
      emit(f, { from, to, inputs: [x, bias], output }) {
        const piece = f.let("i32", from.get);
        const at = f.let("i32", baseOf(x, i32.mul(from.get, i32.const(2 * row))));
        const out = f.let("i32", baseOf(output, i32.mul(from.get, i32.const(row / 2))));
        const channel = f.local("i32"), value = f.local("v128"), max = f.local("v128"), place = f.local("v128");
        const isLarger = f.local("v128");
        f.countTo(piece, to.get, 1, () => {
          f.repeat(w / 2, () => {
            f.set(channel, i32.const(0));
            f.countTo(channel, i32.const(c * 4), 16, () => {
              f.set(max, v128.load(at.get, x.offset));
              f.set(place, v128.zero);
              [c * 4, row, row + c * 4].forEach((offset, i) => {
                f.set(value, v128.load(at.get, x.offset + offset));
                // Of equals the first stays.
                f.set(isLarger, f32x4.gt(value.get, max.get));
                f.set(max, v128.bitselect(value.get, max.get, isLarger.get));
                f.set(place, v128.bitselect(i32x4.const(i + 1), place.get, isLarger.get));
              });
              const biased = f32x4.add(max.get, v128.load(baseOf(bias, channel.get), bias.offset));
              f.emit(v128.store(out.get, output.offset, f32x4.max(biased, v128.zero)));
              f.emit(v128.store(out.get, output.offset + placesAt, place.get));
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
 * 4, and `[c]`. Adding the bias and cutting off at 0 keep the order, so both come after the pooling.
 */
export function reluPool(x: Tensor, bias: Tensor): Pooled {
  const both = apply(reluPoolOp, x, bias), { values, places, placesAt } = pooledLayout(x);
  return { values: part(both, values, 0), places: part(both, places, placesAt) };
}
