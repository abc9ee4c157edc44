import { f32x4, i32, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import {
  acrossLanes,
  eachVector,
  exp as wasmExp,
  firstLanes,
  log as wasmLog,
  storeLanes,
} from "../codegen/wasm/vectors.ts";
import { perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape } from "../shape.ts";
import { sum } from "./broadcast_and_sum.ts";
import { exp, mul, sub } from "./elementwise.ts";
import { reshape } from "./reshape.ts";

/** Stands in for −∞ where a maximum is taken. */
const LOWEST = -3.4e38;

/** The op behind `logSoftmax`. */
export const logSoftmaxOp: KernelOp = {
  kind: "kernel",
  name: "logSoftmax",
  type(inputs) {
    const [x] = inputs;
    requireShape(x.dtype === "f32" && x.shape.length === 2, "logSoftmax", "takes an f32 matrix", inputs);
    return x;
  },
  gradient(g, node) {
    const total = reshape(sum(g, 1, 2), [node.shape[0], 1]);
    return [sub(g, mul(exp(node), total))];
  },
  reference([x], output, node) {
    const [rows, columns] = node.shape;
    for (let row = 0; row < rows; row++) {
      const logits = Array.from(x.subarray(row * columns, (row + 1) * columns));
      const max = Math.max(...logits);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0);
      logits.forEach((logit, i) => output[row * columns + i] = logit - max - Math.log(total));
    }
  },
  wgsl(node) {
    const [rows, columns] = node.shape;
    return perElement(
      rows,
      `let start = i * ${columns}u;
var top = x0(start);
for (var c = 1u; c < ${columns}u; c++) { top = max(top, x0(start + c)); }
var total = 0.0;
for (var c = 0u; c < ${columns}u; c++) { total += exp(max(x0(start + c) - top, -87.3)); }
let logTotal = log(total);
for (var c = 0u; c < ${columns}u; c++) { put(start + c, x0(start + c) - top - logTotal); }`,
    );
  },
  wasm(node) {
    const [rows, columns] = node.shape;
    return {
      extent: rows,
      emit(f, { from, to, inputs: [x], output }) {
        const row = f.let("i32", from.get);
        const start = f.local("i32"), at = f.local("i32"), out = f.local("i32");
        const max = f.local("v128"), total = f.local("v128");
        f.countTo(row, to.get, 1, () => {
          const rowBytes = i32.mul(row.get, i32.const(columns * 4));
          f.set(start, baseOf(x, rowBytes));
          f.set(max, f32x4.const(LOWEST));
          f.set(at, start.get);
          eachVector(f, at, columns, (lanes) => {
            f.set(max, f32x4.max(max.get, firstLanes(v128.load(at.get, x.offset), lanes, LOWEST)));
          });
          const top = acrossLanes(f, max.get, f32x4.max);
          f.set(total, v128.zero);
          f.set(at, start.get);
          eachVector(f, at, columns, (lanes) => {
            const power = wasmExp(f, f32x4.sub(v128.load(at.get, x.offset), top.get));
            f.set(total, f32x4.add(total.get, firstLanes(power.get, lanes, 0)));
          });
          const logTotal = wasmLog(f, acrossLanes(f, total.get, f32x4.add));
          f.set(at, start.get);
          f.set(out, baseOf(output, rowBytes));
          eachVector(f, at, columns, (lanes) => {
            const value = f32x4.sub(f32x4.sub(v128.load(at.get, x.offset), top.get), logTotal.get);
            storeLanes(f, out.get, output.offset, value, lanes);
            f.set(out, i32.add(out.get, i32.const(16)));
          });
        });
      },
    };
  },
};

/**
 * The natural logarithm of the softmax of each row of `[rows, classes]`, computed relative to the row's maximum so that
 * nothing overflows.
 */
export function logSoftmax(logits: Tensor): Tensor {
  return apply(logSoftmaxOp, logits);
}
