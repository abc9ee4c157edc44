/**
 * Kernels as a first draft would write them: one for each op, nothing fused, one invocation for each element of the result. What
 * ours are compared with.
 */
import { coordinates, perElement, type WgslKernel } from "../../core/codegen/wgsl/kernel.ts";
import type { Program, Tensor } from "../../core/graph.ts";
import type { ElementwiseOp, KernelOp, Op } from "../../core/op.ts";
import { sizeOf } from "../../core/shape.ts";

function matmul(node: Tensor): WgslKernel {
  const [a, b] = node.inputs, [m, n] = node.shape;
  // Which operand is transposed shows in its shape, the extents of the benchmark being all different.
  const transposeA = a.shape[0] !== m, transposeB = b.shape[1] !== n;
  const k = a.shape[transposeA ? 0 : 1];
  const left = transposeA ? `d * ${m}u + row` : `row * ${k}u + d`;
  const right = transposeB ? `column * ${k}u + d` : `d * ${n}u + column`;
  return perElement(
    m * n,
    `${coordinates("i", [m, n], ["row", "column"])}
var sum = 0.0;
for (var d = 0u; d < ${k}u; d++) { sum += x0(${left}) * x1(${right}); }
put(i, sum);`,
  );
}

/** 3 × 3 with padding 1, as the lab's models have it. */
const inside = (y: string, x: string, h: number, w: number) => `${y} >= 0 && ${y} < ${h} && ${x} >= 0 && ${x} < ${w}`;

function conv2d(node: Tensor): WgslKernel {
  const [, h, w, c] = node.inputs[0].shape, filters = node.shape[3];
  return perElement(
    sizeOf(node.shape),
    `${coordinates("i", node.shape, ["n", "y", "x", "o"])}
var sum = 0.0;
for (var ky = 0; ky < 3; ky++) { for (var kx = 0; kx < 3; kx++) {
  let iy = i32(y) + ky - 1;
  let ix = i32(x) + kx - 1;
  if (${inside("iy", "ix", h, w)}) {
    for (var c = 0u; c < ${c}u; c++) {
      sum += x0(((n * ${h}u + u32(iy)) * ${w}u + u32(ix)) * ${c}u + c) * x1((u32(ky * 3 + kx) * ${c}u + c) * ${filters}u + o);
    }
  }
} }
put(i, sum);`,
  );
}

function conv2dWeightGradient(node: Tensor): WgslKernel {
  const [batch, h, w, c] = node.inputs[0].shape, filters = node.shape[3];
  return perElement(
    sizeOf(node.shape),
    `${coordinates("i", node.shape, ["ky", "kx", "c", "o"])}
var sum = 0.0;
for (var n = 0u; n < ${batch}u; n++) { for (var y = 0; y < ${h}; y++) { for (var x = 0; x < ${w}; x++) {
  let iy = y + i32(ky) - 1;
  let ix = x + i32(kx) - 1;
  if (${inside("iy", "ix", h, w)}) {
    sum += x0(((n * ${h}u + u32(iy)) * ${w}u + u32(ix)) * ${c}u + c) * x1(((n * ${h}u + u32(y)) * ${w}u + u32(x)) * ${filters}u + o);
  }
} } }
put(i, sum);`,
  );
}

const NAIVE: Readonly<Record<string, KernelOp["wgsl"]>> = { matmul, conv2d, conv2dWeightGradient };

/** An elementwise op as a kernel of its own, which nothing fuses. */
function alone(op: ElementwiseOp): KernelOp {
  return {
    kind: "kernel",
    name: op.name,
    type: op.type,
    gradient: null,
    reference: notHere,
    wasm: notHere,
    wgsl: (node) => {
      const operands = node.inputs.map((_, i) => `a${i}`);
      const reads = operands.map((name, i) => `let ${name} = x${i}(i);`).join("\n");
      return perElement(sizeOf(node.shape), `${reads}\nput(i, ${op.wgsl(...operands)});`);
    },
  };
}

function notHere(): never {
  throw new Error("naive kernels are for WebGPU only");
}

function naive(op: Op): Op {
  if (op.kind === "elementwise") return alone(op);
  const wgsl = NAIVE[op.name];
  return wgsl !== undefined && op.kind === "kernel" ? { ...op, wgsl } : op;
}

/** The same program with a naive kernel for each op. */
export function withNaiveKernels(program: Program): Program {
  const copies = new Map<Tensor, Tensor>();
  for (const node of program.nodes) {
    copies.set(node, { ...node, op: naive(node.op), inputs: node.inputs.map((input) => copies.get(input)!) });
  }
  const copied = (values: ReadonlyMap<string, Tensor>) =>
    new Map([...values].map(([name, node]) => [name, copies.get(node)!] as const));
  return { nodes: [...copies.values()], updates: copied(program.updates), outputs: copied(program.outputs) };
}
