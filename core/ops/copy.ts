import { i32, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf, type WasmKernel } from "../codegen/wasm/kernel.ts";
import { perElement, type WgslKernel } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { bytesOf, sizeOf, type TensorType } from "../shape.ts";

/** WASM code that copies a tensor by cache lines of 64 bytes, to which all buffers are padded. */
export function copyKernel(type: TensorType): WasmKernel {
  return {
    extent: Math.ceil(bytesOf(type) / 64),
    emit(f, { from, to, inputs: [x], output }) {
      const at = f.let("i32", i32.mul(from.get, i32.const(64)));
      f.countTo(at, i32.mul(to.get, i32.const(64)), 16, () => {
        f.emit(v128.store(baseOf(output, at.get), output.offset, v128.load(baseOf(x, at.get), x.offset)));
      });
    },
  };
}

/** WGSL code that copies a tensor. */
export function copyWgsl({ shape }: TensorType): WgslKernel {
  return perElement(sizeOf(shape), "put(i, x0(i));");
}

/** The op behind `copy`. */
export const copyOp: KernelOp = {
  kind: "kernel",
  name: "copy",
  type: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: (g) => [g],
  reference: ([x], output) => output.set(x),
  wasm: (node) => copyKernel(node),
  wgsl: (node) => copyWgsl(node),
};

/** Copies the values to memory of their own. The scheduler needs it; programs seldom do. */
export function copy(x: Tensor): Tensor {
  return apply(copyOp, x);
}
