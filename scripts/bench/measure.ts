import type { Figure } from "./case.ts";

/** Timing on shared machines: rates, medians and alternating comparisons. */

/** The time is cut into this many slices, and the median slice counts, so that a short disturbance has no effect. */
const SLICES = 5;

/**
 * Units of work per second, after one slice to warm up.
 *
 * @param work does some work and returns the number of units done
 */
export async function rate(work: () => Promise<number> | number, seconds: number): Promise<number> {
  const rates: number[] = [];
  for (let slice = 0; slice <= SLICES; slice++) {
    let units = 0, elapsed = 0;
    const start = performance.now();
    do {
      units += await work();
      elapsed = performance.now() - start;
    } while (elapsed < (1000 * seconds) / SLICES);
    rates.push((1000 * units) / elapsed);
  }
  return median(rates.slice(1));
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The smallest value that a `share` (0 to 1) of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Ours and a peer, which are known to compute the same results. Both return units of work per second. */
export interface Pair {
  ours(seconds: number): Promise<number>;
  theirs(seconds: number): Promise<number>;
}

/**
 * Times ours and a peer alternately and returns the medians of both and of the ratios within a pair. On a shared
 * machine only these ratios are meaningful. They take turns to go first.
 */
export async function compareInTurn(
  pair: Pair,
  { seconds, pairs }: { seconds: number; pairs: number },
  unit: string,
  peer: string,
): Promise<Figure[]> {
  const ours: number[] = [], theirs: number[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 0) ours.push(await pair.ours(seconds));
    theirs.push(await pair.theirs(seconds));
    if (i % 2 === 1) ours.push(await pair.ours(seconds));
  }
  return [
    { value: median(ours), unit },
    { value: median(theirs), unit: `${unit} ${peer}` },
    { value: median(ours.map((value, i) => value / theirs[i])), unit: `times ${peer}` },
  ];
}

/** The highest rate among several ways to do the same work, tried one after another. */
export async function best(ways: readonly (() => Promise<number>)[]): Promise<number> {
  let most = 0;
  for (const way of ways) most = Math.max(most, await way());
  return most;
}
