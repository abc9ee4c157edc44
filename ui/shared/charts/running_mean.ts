/**
 * Exponentially weighted running mean of `values`, with the same gaps. It looks back over about `share` (0 to 1) of the
 * values so far, however many those are; 0 leaves them as they are. As the share counts and not a number of values, a
 * curve keeps its look while it is thinned out.
 */
export function runningMean(values: readonly (number | null)[], share: number): (number | null)[] {
  let count = 0;
  let mean = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean += (value - mean) / (1 + share * count++);
    return mean;
  });
}

/** The last of the running means that is a number. */
export function lastMean(values: readonly (number | null)[], share: number): number | undefined {
  return runningMean(values, share).findLast((mean) => mean !== null) ?? undefined;
}
