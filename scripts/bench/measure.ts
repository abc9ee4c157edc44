import type { Figure } from "./case.ts";

/** Timing on machines that others use too. */

/** A case's time is cut into as many slices; the median slice counts, so that a moment's disturbance does not. */
const SLICES = 5;

/**
 * Units of work a second, after a slice to warm up.
 *
 * @param work does some of it and returns how many units that were
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

/** The middle one; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The smallest value that `share` (0 to 1) of all do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Ours and a peer in turn: on a shared machine only the ratio within a pair means something. */

/** Ours and a peer, proved to do the same. Both give units of work a second. */
export interface Pair {
  ours(seconds: number): Promise<number>;
  theirs(seconds: number): Promise<number>;
}

/** The medians of both and of the ratios of `pairs` pairs; whose turn is first alternates. */
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

/** The best of several ways to do the same. */
export async function best(ways: readonly (() => Promise<number>)[]): Promise<number> {
  let most = 0;
  for (const way of ways) most = Math.max(most, await way());
  return most;
}
