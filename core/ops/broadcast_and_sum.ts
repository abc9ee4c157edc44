/** Repeating along axes, and summing over them. Each is the gradient of the other, so they share a file. */
import { broadcastStrides, type Split, split } from "../codegen/extents.ts";
import type { Code } from "../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf, type WasmKernel } from "../codegen/wasm/kernel.ts";
import { acrossLanes, firstLanes, storeLanes } from "../codegen/wasm/vectors.ts";
import { coordinates, perElement, type WgslKernel } from "../codegen/wgsl/kernel.ts";
import { apply, constant, constantValue, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, sameShape, type Shape, ShapeError, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";
import { reshape } from "./reshape.ts";

/** Repeats its operand to fill a shape; the shape is the attribute. */
export const broadcastOp = opFamily((shape: Shape): KernelOp => ({
  kind: "kernel",
  name: "broadcast",
  type(inputs) {
    const [x] = inputs;
    const skipped = shape.length - x.shape.length;
    const fits = skipped >= 0 && x.shape.every((n, i) => n === 1 || n === shape[i + skipped]);
    requireShape(
      x.dtype === "f32" && fits,
      "broadcast",
      `takes a shape that repeats into [${shape.join(", ")}]`,
      inputs,
    );
    return { dtype: "f32", shape };
  },
  gradient: (g, node) => [sumTo(g, node.inputs[0].shape)],
  reference([x], output, node) {
    const strides = broadcastStrides(node.inputs[0].shape, shape);
    for (let i = 0; i < output.length; i++) {
      let rest = i, from = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += (rest % shape[axis]) * strides[axis];
        rest = Math.floor(rest / shape[axis]);
      }
      output[i] = x[from];
    }
  },
  wasm: (node) => broadcastKernel(node.inputs[0].shape, shape),
  wgsl(node) {
    const names = shape.map((_, axis) => `i${axis}`);
    const strides = broadcastStrides(node.inputs[0].shape, shape);
    const terms = names.map((name, axis) => `${name} * ${strides[axis]}u`);
    return perElement(
      sizeOf(shape),
      `${coordinates("i", shape, names)}\nput(i, x0(${["0u", ...terms].join(" + ")}));`,
    );
  },
}));

/** The neighbouring axes that a sum removes: `first` … `end − 1`. */
export type SumAxes = readonly [first: number, end: number];

/** Sums over neighbouring axes; the axes are the attribute. */
export const sumOp = opFamily(([firstAxis, endAxis]: SumAxes): KernelOp => ({
  kind: "kernel",
  name: "sum",
  type(inputs) {
    const [x] = inputs;
    const valid = 0 <= firstAxis && firstAxis < endAxis && endAxis <= x.shape.length;
    requireShape(x.dtype === "f32" && valid, "sum", `takes a tensor with axes ${firstAxis}–${endAxis - 1}`, inputs);
    return { dtype: "f32", shape: [...x.shape.slice(0, firstAxis), ...x.shape.slice(endAxis)] };
  },
  gradient(g, { inputs: [x] }) {
    const kept = x.shape.map((n, axis) => (axis >= firstAxis && axis < endAxis ? 1 : n));
    return [broadcast(reshape(g, kept), x.shape)];
  },
  reference([x], output, node) {
    const { outer, length, inner } = split(node.inputs[0].shape, firstAxis, endAxis);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let k = 0; k < length; k++) total += x[(o * length + k) * inner + i];
        output[o * inner + i] = total;
      }
    }
  },
  wasm(node) {
    const parts = split(node.inputs[0].shape, firstAxis, endAxis);
    return parts.inner === 1 ? sumRows(parts) : sumColumns(parts);
  },
  wgsl: (node) => sumWgsl(split(node.inputs[0].shape, firstAxis, endAxis)),
}));

/**
 * Broadcasts `x` to `shape` by NumPy's rule: shapes are aligned at their last axes, and an axis that is missing or has
 * an extent of 1 repeats.
 * @throws {ShapeError} When `x` does not broadcast to `shape`.
 */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const value = constantValue(x);
  if (value !== undefined) return constant(value, shape);
  return apply(broadcastOp(shape), x);
}

/**
 * Broadcasts both operands to their common shape by NumPy's rule.
 * @throws {ShapeError} When they have none.
 */
export function broadcastTogether(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const m = a.shape[axis - rank + a.shape.length] ?? 1, n = b.shape[axis - rank + b.shape.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(`shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] do not broadcast together`);
    }
    return m === 1 ? n : m;
  });
  return [broadcast(a, shape), broadcast(b, shape)];
}

/**
 * Sums over the neighbouring axes `firstAxis` … `endAxis − 1`, by default over all axes. The result lacks these axes.
 */
export function sum(x: Tensor, firstAxis = 0, endAxis = x.shape.length): Tensor {
  return firstAxis === endAxis ? x : apply(sumOp([firstAxis, endAxis]), x);
}

/** The adjoint of a broadcast from `shape`: sums over the axes that it repeated. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const skipped = x.shape.length - shape.length;
  const repeats = (axis: number) => axis < skipped || (shape[axis - skipped] === 1 && x.shape[axis] !== 1);
  let result = x;
  // From the last axis to the first, so that a sum does not renumber the axes still to be summed.
  for (let end = x.shape.length; end > 0; end--) {
    if (!repeats(end - 1)) continue;
    let first = end - 1;
    while (first > 0 && repeats(first - 1)) first--;
    result = sum(result, first, end);
    end = first + 1;
  }
  return reshape(result, shape);
}

/**
 * The broadcast from `from` to `shape` in WebAssembly, an element at a time. This is slow but seldom runs, because fused
 * loops read a broadcast operand from its source.
 */
function broadcastKernel(from: Shape, shape: Shape): WasmKernel {
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

/** The sum in WebAssembly for inner = 1: each row of `length` numbers, four lanes side by side and then together. */
export function sumRows({ outer, length }: Split): WasmKernel {
  return {
    // A work item is 16 results, a cache line, so that each line has one writer.
    extent: Math.ceil(outer / 16),
    emit(f, { from, to, inputs: [x], output }) {
      const row = f.let("i32", i32.mul(from.get, i32.const(16)));
      const limit = f.let("i32", i32.mul(to.get, i32.const(16)));
      f.if(i32.gtS(limit.get, i32.const(outer)), () => f.set(limit, i32.const(outer)));
      const at = f.local("i32"), total = f.local("v128");
      f.countTo(row, limit.get, 1, () => {
        f.set(at, baseOf(x, i32.mul(row.get, i32.const(length * 4))));
        f.set(total, v128.zero);
        const vectors = Math.floor(length / 4), rest = length % 4;
        if (vectors > 0) {
          f.repeat(vectors, () => {
            f.set(total, f32x4.add(total.get, v128.load(at.get, x.offset)));
            f.set(at, i32.add(at.get, i32.const(16)));
          });
        }
        if (rest > 0) f.set(total, f32x4.add(total.get, firstLanes(v128.load(at.get, x.offset), rest, 0)));
        const sum = acrossLanes(f, total.get, f32x4.add);
        f.emit(v128.store32Lane(baseOf(output, i32.mul(row.get, i32.const(4))), output.offset, sum.get, 0));
      });
    },
  };
}

/**
 * Columns of a work item: a cache line of the result, so that each line has one writer, and one of each row that is
 * read.
 */
const COLUMNS = 16;

/** The sum in WebAssembly for inner > 1: adds up whole rows, a cache line of columns at a time. */
export function sumColumns({ outer, length, inner }: Split): WasmKernel {
  const blocks = Math.ceil(inner / COLUMNS), rest = inner - (blocks - 1) * COLUMNS;
  return {
    extent: outer * blocks,
    emit(f, { from, to, inputs: [x], output }) {
      const item = f.let("i32", from.get);
      const block = f.local("i32"), o = f.local("i32"), at = f.local("i32");
      const totals = Array.from({ length: COLUMNS / 4 }, () => f.local("v128"));
      const sumBlock = (columns: number) => {
        const used = totals.slice(0, Math.ceil(columns / 4));
        const startOf = (rows: number) =>
          i32.mul(
            i32.add(i32.mul(o.get, i32.const(rows * inner)), i32.mul(block.get, i32.const(COLUMNS))),
            i32.const(4),
          );
        f.set(at, baseOf(x, startOf(length)));
        for (const total of used) f.set(total, v128.zero);
        f.repeat(length, () => {
          used.forEach((total, i) => f.set(total, f32x4.add(total.get, v128.load(at.get, x.offset + 16 * i))));
          f.set(at, i32.add(at.get, i32.const(inner * 4)));
        });
        f.set(at, baseOf(output, startOf(1)));
        used.forEach((total, i) => {
          storeLanes(f, at.get, output.offset + 16 * i, total.get, Math.min(4, columns - 4 * i));
        });
      };
      f.countTo(item, to.get, 1, () => {
        f.set(o, i32.divU(item.get, i32.const(blocks)));
        f.set(block, i32.remU(item.get, i32.const(blocks)));
        if (rest === COLUMNS) return sumBlock(COLUMNS);
        if (blocks === 1) return sumBlock(rest);
        f.if(i32.eq(block.get, i32.const(blocks - 1)), () => sumBlock(rest), () => sumBlock(COLUMNS));
      });
    },
  };
}

/** Invocations that share a long sum. */
const TEAM = 64;

/**
 * The sum in WGSL. A workgroup shares a long sum and adds its parts pairwise; one invocation computes a short sum.
 */
function sumWgsl({ outer, length, inner }: Split): WgslKernel {
  const start = (result: string) => `let start = (${result} / ${inner}u) * ${length * inner}u + ${result} % ${inner}u;`;
  const loop = (first: string, step: number) =>
    `var total = 0.0;
for (var k = ${first}; k < ${length}u; k += ${step}u) { total += x0(start + k * ${inner}u); }`;
  if (length < 4 * TEAM) return perElement(outer * inner, `${start("i")}\n${loop("0u", 1)}\nput(i, total);`);
  const x = Math.min(outer * inner, 65535);
  return {
    workgroups: [x, Math.ceil((outer * inner) / x), 1],
    workgroupSize: [TEAM, 1, 1],
    declarations: `var<workgroup> parts: array<f32, ${TEAM}>;`,
    body: `let result = group.x + group.y * ${x}u;
${start("result")}
${loop("local.x", TEAM)}
parts[local.x] = total;
for (var half = ${TEAM / 2}u; half > 0u; half /= 2u) {
  workgroupBarrier();
  if (local.x < half) { parts[local.x] += parts[local.x + half]; }
}
if (local.x == 0u && result < ${outer * inner}u) { put(result, parts[0]); }`,
  };
}
