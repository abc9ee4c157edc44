import { f32, f32x4, i32, i32x4, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";

/** Reads rows of a table; the attribute is the type of the result. */
export const takeRowsOp = opFamily((dtype: "f32" | "i32"): KernelOp => ({
  kind: "kernel",
  name: "takeRows",
  type(inputs) {
    const [table, indices] = inputs;
    const valid = table.dtype === "u8" && table.shape.length > 0 && indices.dtype === "i32" &&
      indices.shape.length === 1;
    requireShape(valid, "takeRows", "takes a u8 table and a list of i32", inputs);
    return { dtype, shape: [indices.shape[0], ...table.shape.slice(1)] };
  },
  gradient: null,
  reference([table, indices], output, node) {
    const width = sizeOf(node.shape.slice(1));
    indices.forEach((index, row) => output.set(table.subarray(index * width, (index + 1) * width), row * width));
  },
  wgsl(node) {
    const width = sizeOf(node.shape.slice(1));
    const source = `x0(u32(x1(i / ${width}u)) * ${width}u + i % ${width}u)`;
    return perElement(sizeOf(node.shape), `put(i, ${dtype}(${source}));`);
  },
  wasm(node) {
    const width = sizeOf(node.shape.slice(1)), eights = Math.floor(width / 8);
    return {
      extent: node.shape[0],
      emit(f, { from, to, inputs: [table, indices], output }) {
        const row = f.let("i32", from.get), source = f.local("i32"), out = f.local("i32");
        const bytes = f.local("v128"), index = f.local("i32");
        const convert = (x: readonly number[]) => (dtype === "f32" ? f32x4.convertI32(x) : x);
        f.countTo(row, to.get, 1, () => {
          f.set(index, i32.load(baseOf(indices, i32.mul(row.get, i32.const(4))), indices.offset));
          f.requireBelow(index, node.inputs[0].shape[0]);
          f.set(source, baseOf(table, i32.mul(index.get, i32.const(width))));
          f.set(out, baseOf(output, i32.mul(row.get, i32.const(width * 4))));
          if (eights > 0) {
            f.repeat(eights, () => {
              f.set(bytes, v128.load8x8u(source.get, table.offset));
              f.emit(v128.store(out.get, output.offset, convert(i32x4.extendLowU16(bytes.get))));
              f.emit(v128.store(out.get, output.offset + 16, convert(i32x4.extendHighU16(bytes.get))));
              f.set(source, i32.add(source.get, i32.const(8)));
              f.set(out, i32.add(out.get, i32.const(32)));
            });
          }
          for (let i = 0; i < width % 8; i++) {
            const byte = i32.load8u(source.get, table.offset + i);
            const offset = output.offset + 4 * i;
            f.emit(
              dtype === "f32" ? f32.store(out.get, offset, f32.convertI32U(byte)) : i32.store(out.get, offset, byte),
            );
          }
        });
      },
    };
  },
}));

/**
 * Rows of a u8 table, as numbers 0–255 of type `dtype`: table `[count, …]` and indices `[rows]` → `[rows, …]`. This is
 * how a batch is read from the dataset.
 */
export function takeRows(table: Tensor, indices: Tensor, dtype: "f32" | "i32" = "f32"): Tensor {
  return apply(takeRowsOp(dtype), table, indices);
}
