/** Ours and a peer in turn: on a shared machine only the ratio within a pair means something. */
import type { Figure } from "./case.ts";
import { median } from "./measure.ts";

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
