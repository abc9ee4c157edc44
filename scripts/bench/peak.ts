/** The machine's peak of SIMD multiply-adds in WebAssembly; the speed of a training is told as a share of it. */
import type { Bench, Case } from "./case.ts";
import { THREAD_COUNTS } from "./configs.ts";

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
