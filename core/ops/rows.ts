/** Reading some rows of a table: how a batch comes out of the dataset. */
import { f32, f32x4, i32, i32x4, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sizeOf } from "../shape.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";

function sliceOp(length: number): KernelOp {
  return {
    kind: "kernel",
    name: "slice",
    type(inputs) {
      const [x, start] = inputs;
      const valid = x.dtype === "i32" && x.shape.length === 1 && start.dtype === "i32" && start.shape.length === 0;
      requireShape(valid && length <= x.shape[0], "slice", `takes at least ${length} i32 and where to start`, inputs);
      return { dtype: "i32", shape: [length] };
    },
    gradient: null,
    reference: ([x, start], output) => output.set(x.subarray(start[0], start[0] + length)),
    wgsl: () => perElement(length, "put(i, x0(u32(x1(0u)) + i));"),
    wasm: () => ({
      extent: Math.ceil(length / 16),
      emit(f, { from, to, inputs: [x, start], output }) {
        const at = f.let("i32", i32.mul(from.get, i32.const(64)));
        const end = f.let("i32", i32.mul(to.get, i32.const(64)));
        f.if(i32.gtS(end.get, i32.const(length * 4)), () => f.set(end, i32.const(length * 4)));
        const first = f.let("i32", baseOf(x, i32.mul(i32.load(baseOf(start), start.offset), i32.const(4))));
        f.countTo(at, end.get, 4, () => {
          const value = i32.load(i32.add(first.get, at.get), x.offset);
          f.emit(i32.store(baseOf(output, at.get), output.offset, value));
        });
      },
    }),
  };
}

/** `x[start] … x[start + length − 1]` of a list of i32; `start` is a scalar known at run time. */
export function slice(x: Tensor, start: Tensor, length: number): Tensor {
  return apply(sliceOp(length), x, start);
}

function takeRowsOp(dtype: "f32" | "i32"): KernelOp {
  return {
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
          const bytes = f.local("v128");
          const convert = (x: readonly number[]) => (dtype === "f32" ? f32x4.convertI32(x) : x);
          f.countTo(row, to.get, 1, () => {
            const index = i32.load(baseOf(indices, i32.mul(row.get, i32.const(4))), indices.offset);
            f.set(source, baseOf(table, i32.mul(index, i32.const(width))));
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
  };
}

/** Rows `indices` of a `u8` table `[count, …]` as numbers 0–255 of type `dtype`: `[indices.length, …]`. */
export function takeRows(table: Tensor, indices: Tensor, dtype: "f32" | "i32" = "f32"): Tensor {
  return apply(takeRowsOp(dtype), table, indices);
}
