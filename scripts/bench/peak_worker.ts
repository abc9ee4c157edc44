/// <reference lib="webworker" />
/** A thread of the peak measurement: posts 0 once it is warm, receives seconds, posts FLOP/s. */
import { FLOPS_PER_ROUND, openPeakLoop } from "./peak.ts";

const ROUNDS = 20_000;
/** Long enough for the engine to optimise the loop. */
const WARM_UP_MS = 200;

const run = await openPeakLoop();
fastest(WARM_UP_MS);
self.onmessage = ({ data: seconds }: MessageEvent<number>) => self.postMessage(fastest(1000 * seconds));
self.postMessage(0);

/** FLOP/s of the fastest call within `ms`: the peak is what the hardware can do while no other program uses it. */
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
