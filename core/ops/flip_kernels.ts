import { f32, i32 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { coordinates, perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sizeOf } from "../shape.ts";

/** The op behind `flipKernels`. */
export const flipKernelsOp: KernelOp = {
  kind: "kernel",
  name: "flipKernels",
  type(inputs) {
    requireShape(
      inputs[0].dtype === "f32" && inputs[0].shape.length === 4,
      "flipKernels",
      "takes [kh, kw, c, o]",
      inputs,
    );
    const [kh, kw, c, o] = inputs[0].shape;
    return { dtype: "f32", shape: [kh, kw, o, c] };
  },
  gradient: (g) => [flipKernels(g)],
  reference([w], output, node) {
    const [kh, kw, c, o] = node.inputs[0].shape, taps = kh * kw;
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < c; i++) {
        for (let j = 0; j < o; j++) output[((taps - 1 - tap) * o + j) * c + i] = w[(tap * c + i) * o + j];
      }
    }
  },
  wgsl(node) {
    const [taps, o, c] = [node.shape[0] * node.shape[1], node.shape[2], node.shape[3]];
    return perElement(
      sizeOf(node.shape),
      `${coordinates("i", [taps, o, c], ["tap", "o", "c"])}
put(i, x0(((${taps - 1}u - tap) * ${c}u + c) * ${o}u + o));`,
    );
  },
  wasm(node) {
    const [kh, kw, c, o] = node.inputs[0].shape, taps = kh * kw;
    return {
      extent: taps,
      emit(f, { from, to, inputs: [w], output }) {
        const tap = f.let("i32", from.get), i = f.local("i32"), j = f.local("i32"), source = f.local("i32");
        const target = f.local("i32");
        f.countTo(tap, to.get, 1, () => {
          f.set(source, baseOf(w, i32.mul(tap.get, i32.const(c * o * 4))));
          f.set(i, i32.const(0));
          f.countTo(i, i32.const(c), 1, () => {
            const flipped = i32.mul(i32.sub(i32.const(taps - 1), tap.get), i32.const(c * o));
            f.set(target, baseOf(output, i32.mul(i32.add(flipped, i.get), i32.const(4))));
            f.set(j, i32.const(0));
            f.countTo(j, i32.const(o), 1, () => {
              f.emit(f32.store(target.get, output.offset, f32.load(source.get, w.offset)));
              f.set(source, i32.add(source.get, i32.const(4)));
              f.set(target, i32.add(target.get, i32.const(c * 4)));
            });
          });
        });
      },
    };
  },
};

/**
 * `[kh, kw, c, o]` → `[kh, kw, o, c]`: kernels rotated by 180°, with channels and filters exchanged. Convolving with
 * them carries a gradient back to the image.
 */
export function flipKernels(kernels: Tensor): Tensor {
  return apply(flipKernelsOp, kernels);
}
