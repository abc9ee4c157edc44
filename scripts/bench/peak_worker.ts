/// <reference lib="webworker" />
/** One thread of the peak's measurement: says 0 once it is warm, takes seconds, gives FLOP/s. */
import { FLOPS_PER_ROUND, openPeakLoop } from "./peak_loop.ts";

const ROUNDS = 20_000;
/** Enough calls that the engine has compiled the loop with all it can. */
const WARM_UP_MS = 200;

const run = await openPeakLoop();
fastest(WARM_UP_MS);
self.onmessage = ({ data: seconds }: MessageEvent<number>) => self.postMessage(fastest(1000 * seconds));
self.postMessage(0);

/** A peak is what the hardware can, so the fastest call counts: others share the machine. */
function fastest(ms: number): number {
  const end = performance.now() + ms;
  let best = Infinity;
  for (let start = performance.now(); start < end;) {
    run(ROUNDS);
    const now = performance.now();
    best = Math.min(best, now - start);
    start = now;
  }
  return (1000 * ROUNDS * FLOPS_PER_ROUND) / best;
}
