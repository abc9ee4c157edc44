/**
 * Measures the machine's peak rate of SIMD multiply-adds in WebAssembly. Training speeds are given as a share of it.
 */
import type { Bench, Case } from "./case.ts";
import { THREAD_COUNTS } from "./configs.ts";
import { f32x4, i32, v128 } from "../../core/codegen/wasm/assembler/instructions.ts";
import { detectFeatures, ModuleBuilder } from "../../core/codegen/wasm/assembler/module_builder.ts";

const measured = new Map<number, Promise<number>>();

/** FLOP/s of `threads` threads together, measured once. */
export function peakFlops(threads: number, seconds: number): Promise<number> {
  if (!measured.has(threads)) measured.set(threads, measure(threads, seconds));
  return measured.get(threads)!;
}

/** The peak on one and on two threads. */
export function peakCases({ seconds }: Bench): Case[] {
  return THREAD_COUNTS.map((threads) => ({
    name: `peak multiply-adds, ${threads} thread${threads > 1 ? "s" : ""}`,
    measure: async () => [{ value: await peakFlops(threads, seconds) / 1e9, unit: "GFLOP/s" }],
  }));
}

async function measure(threads: number, seconds: number): Promise<number> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./peak_worker.ts", import.meta.url), { type: "module" }),
  );
  try {
    await Promise.all(workers.map(answer)); // All threads are warm before any is timed.
    const flops = workers.map(answer);
    for (const worker of workers) worker.postMessage(seconds);
    return (await Promise.all(flops)).reduce((a, b) => a + b);
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}

/** Independent multiply-adds per round: enough chains to fill two units with a latency of four or five cycles. */
const CHAINS = 12;
const UNROLL = 8;
const LANES = 4;

/** Runs the loop `rounds` times. */
export type PeakLoop = (rounds: number) => void;

/** Floating-point operations of one round of the loop. */
export const FLOPS_PER_ROUND = CHAINS * UNROLL * LANES * 2;

/** Compiles the loop and checks it on x ← x / 2 + c, which converges to 2 c. */
export async function openPeakLoop(): Promise<PeakLoop> {
  const module = new ModuleBuilder(detectFeatures());
  module.addFunction("run", ["i32"], (f) => {
    const [rounds] = f.params;
    const chains = Array.from({ length: CHAINS }, (_, c) => f.let("v128", f32x4.const(c)));
    const half = f.let("v128", f32x4.const(0.5));
    const addends = f.let("v128", f32x4.const(3));
    f.countTo(f.let("i32", i32.const(0)), rounds.get, 1, () => {
      for (let i = 0; i < UNROLL; i++) {
        for (const x of chains) f.set(x, f.multiplyAdd(x.get, half.get, addends.get));
      }
    });
    chains.forEach((x, c) => f.emit(v128.store(i32.const(0), c * LANES * 4, x.get)));
  }, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const binary = module.encode({ pages: 1, shared: false });
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory } });
  const run = instance.exports.run as PeakLoop;
  run(10);
  const results = new Float32Array(memory.buffer, 0, CHAINS * LANES);
  if (!results.every((x) => x === 6)) throw new Error(`the loop of multiply-adds gives ${results}, expected 6`);
  return run;
}
