/** Which items of a step must wait for the others to finish the items before. */
import type { ScheduleItem } from "../../../fuse.ts";
import type { Tensor } from "../../../graph.ts";
import { readsOf, writesOf } from "../../../schedule.ts";

/** Bytes of memory from `start` (included) to `end` (excluded). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Whether a barrier is needed before each item of a step: where it touches what another worker may still be writing, or
 * writes what another may still be reading. The `outputs` of the step before may still be read at its beginning. `spanOf` is
 * undefined for what no item writes.
 */
export function barriersBefore(
  items: readonly ScheduleItem[],
  outputs: readonly Tensor[],
  spanOf: (node: Tensor) => Span | undefined,
): boolean[] {
  const spansOf = (nodes: readonly Tensor[]) => nodes.map(spanOf).filter((span) => span !== undefined);
  let read: Span[] = spansOf(outputs), written: Span[] = [];
  return items.map((item) => {
    const reads = spansOf(readsOf(item)), writes = spansOf(writesOf(item));
    const mustWait = overlap(reads, written) || overlap(writes, written) || overlap(writes, read);
    if (mustWait) [read, written] = [[], []];
    read.push(...reads);
    written.push(...writes);
    return mustWait;
  });
}

function overlap(a: readonly Span[], b: readonly Span[]): boolean {
  return a.some((x) => b.some((y) => x.start < y.end && y.start < x.end));
}
