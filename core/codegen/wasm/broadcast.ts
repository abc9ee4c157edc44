/** Broadcasting in WebAssembly. */
import { i32, v128 } from "./assembler/instructions.ts";
import type { Code } from "./assembler/function_builder.ts";
import { broadcastStrides } from "../extents.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { baseOf, type WasmKernel } from "./kernel.ts";

/**
 * Repeats a tensor of shape `from` into `shape`, an element at a time. This is slow but seldom runs, because fused
 * loops read a broadcast operand from its source.
 */
export function broadcastKernel(from: Shape, shape: Shape): WasmKernel {
  const strides = broadcastStrides(from, shape);
  return {
    // A work item is a cache line of the result, so that no two threads write the same line.
    extent: Math.ceil(sizeOf(shape) / 16),
    emit(f, { from: first, to: end, inputs: [x], output }) {
      const i = f.let("i32", i32.mul(first.get, i32.const(16)));
      const limit = f.let("i32", i32.mul(end.get, i32.const(16)));
      const rest = f.local("i32"), source = f.local("i32");
      f.countTo(i, limit.get, 1, () => {
        f.set(rest, i.get);
        f.set(source, i32.const(0));
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          const index: Code = i32.remU(rest.get, i32.const(shape[axis]));
          f.set(source, i32.add(source.get, i32.mul(index, i32.const(strides[axis] * 4))));
          f.set(rest, i32.divU(rest.get, i32.const(shape[axis])));
        }
        const value = v128.load32Splat(baseOf(x, source.get), x.offset);
        const target = baseOf(output, i32.mul(i.get, i32.const(4)));
        f.emit(v128.store32Lane(target, output.offset, value, 0));
      });
    },
  };
}
