/**
 * Training steps per second on this machine's WebGPU adapter, with our program and with a naive kernel for each op, in turn.
 * Both first have to come to the same losses.
 *
 * Usage: deno run -A scripts/bench/webgpu.ts [PAIRS]
 */
import { findAdapter } from "../../core/backends/open.ts";
import { webgpuBackend } from "../../core/backends/webgpu/backend.ts";
import { closeDevice } from "../../core/backends/webgpu/device.ts";
import type { Program } from "../../core/graph.ts";
import type { ModelSpec } from "../../core/models/spec.ts";
import { initialParameters, writeParameters } from "../../core/models/parameters.ts";
import { STATE, trainingProgram } from "../../core/training/programs.ts";
import type { Session } from "../../core/session.ts";
import { readSettings } from "../../service/settings.ts";
import { readDataset } from "../../service/dataset/dataset.ts";
import { withNaiveKernels } from "./naive_wgsl.ts";

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
