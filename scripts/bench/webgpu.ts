/**
 * Training steps per second on this machine's WebGPU adapter, alternately with our program and with a naive kernel for
 * each op. Their losses must first agree.
 *
 * Usage: deno run -A scripts/bench/webgpu.ts [PAIRS]
 */
import { findAdapter } from "../../core/backends/open.ts";
import { webgpuBackend } from "../../core/backends/webgpu/backend.ts";
import { closeDevice } from "../../core/backends/webgpu/device.ts";
import type { Program, Tensor } from "../../core/graph.ts";
import type { ModelSpec } from "../../core/models/spec.ts";
import { initialParameters, writeParameters } from "../../core/models/parameters.ts";
import { STATE, trainingProgram } from "../../core/training/programs.ts";
import type { Session } from "../../core/session.ts";
import { readSettings } from "../../service/process/settings.ts";
import { readDataset } from "../../service/dataset/dataset.ts";
import { coordinates, perElement, type WgslKernel } from "../../core/codegen/wgsl/kernel.ts";
import type { ElementwiseOp, KernelOp, Op } from "../../core/op.ts";
import { sizeOf } from "../../core/shape.ts";

const COUNT = 2048;
const MIN_MS = 2000;
const pairs = Number(Deno.args[0] ?? 3);
const { train } = await readDataset(readSettings().dataDir);

async function open(spec: ModelSpec, program: Program): Promise<Session> {
  const session = await webgpuBackend.open({ train: program });
  session.write(STATE.trainImages, train.images.subarray(0, COUNT * 784));
  session.write(STATE.trainLabels, train.labels.subarray(0, COUNT));
  session.write(STATE.trainOrder, Int32Array.from({ length: COUNT }, (_, i) => i));
  writeParameters(session, spec, initialParameters(spec, 1));
  return session;
}

async function stepsPerSecond(session: Session, chunk: number): Promise<number> {
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < MIN_MS) {
    await session.run("train", steps, chunk);
    steps += chunk;
  }
  return (1000 * steps) / (performance.now() - start);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

console.log(`adapter: ${(await findAdapter())?.description}`);
for (const [modelType, batch, chunk] of [["SimpleNN", 32, 10], ["SimpleNN", 64, 10], ["ConvNN", 64, 1]] as const) {
  const spec: ModelSpec = { modelType, hiddenLayers: [128] };
  const startOf = (step: number) => (step * batch) % (COUNT - batch);
  const ours = trainingProgram({
    spec,
    optimizer: "Adam",
    learningRate: 0.001,
    seed: 1,
    digits: { set: "train", count: COUNT, density: 0.19 },
    batch,
    totalSteps: 1,
    startOf,
  });
  const sessions = [await open(spec, ours), await open(spec, withNaiveKernels(ours))];
  const [a, b] = await Promise.all(sessions.map(async (session) => (await session.run("train", 0, 3)).loss));
  a.forEach((loss, i) => {
    if (Math.abs(loss - b[i]) > 1e-4 * loss) {
      throw new Error(`step ${i}: loss ${loss} with our kernels, ${b[i]} with naive ones`);
    }
  });
  const figures: [number, number][] = [];
  for (let i = 0; i < pairs; i++) {
    figures.push([await stepsPerSecond(sessions[0], chunk), await stepsPerSecond(sessions[1], chunk)]);
  }
  const [fast, naive] = [0, 1].map((side) => median(figures.map((pair) => pair[side])));
  const ratio = median(figures.map(([x, y]) => x / y));
  console.log(
    `train ${modelType} [128] Adam b${batch}: ${fast.toFixed(2)} steps/s, naive kernels ${naive.toFixed(2)}, ratio ${
      ratio.toFixed(1)
    }`,
  );
  for (const session of sessions) session.close();
}
await closeDevice();

/**
 * Naive kernels, as a first draft would have them: one for each op, nothing fused, one invocation per element of the
 * result. Ours are compared with these.
 */

function matmul(node: Tensor): WgslKernel {
  const [a, b] = node.inputs, [m, n] = node.shape;
  // The shapes show which operand is transposed, because all extents in the benchmark differ.
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

/** 3 × 3 with padding 1, as in the lab's models. */
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

/** Turns an elementwise op into a kernel of its own, which cannot be fused. */
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
