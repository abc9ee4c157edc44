/** The losses that a run keeps: enough for any chart, however long it trains. */
import type { LossPoint } from "../../protocol/mod.ts";

/** Number of losses in a run's files: enough for any chart, and few enough to read quickly. */
export const KEPT_LOSSES = 4000;

/** Keeps losses in limited memory: when it is full, every second point is dropped. */
export class LossHistory {
  readonly #capacity: number;
  #kept: LossPoint[] = [];
  /** Keeps every `#stride`-th point. */
  #stride = 1;
  #count = 0;
  #latest?: LossPoint;

  /** @param capacity most points to keep; an even number */
  constructor(capacity = 20_000) {
    this.#capacity = capacity;
  }

  /** In order and evenly spaced, with the first point and the latest. */
  get points(): LossPoint[] {
    return this.#latest === undefined || this.#kept.at(-1) === this.#latest
      ? this.#kept
      : [...this.#kept, this.#latest];
  }

  add(point: LossPoint) {
    this.#latest = point;
    if (this.#count++ % this.#stride !== 0) return;
    if (this.#kept.length === this.#capacity) {
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
      this.#stride *= 2;
    }
    this.#kept.push(point);
  }
}

/** At most `most` of `points`, spread evenly over the steps, with the first and the last. */
export function thinned(points: readonly LossPoint[], most: number): LossPoint[] {
  const first = points[0], last = points.at(-1);
  if (points.length <= most || first === undefined || last === undefined) return [...points];
  const width = (last[0] - first[0]) / (most - 1);
  const kept: LossPoint[] = [];
  let latest = -1;
  for (const point of points) {
    const bin = Math.floor((point[0] - first[0]) / width);
    if (bin === latest && point !== last) continue;
    latest = bin;
    kept.push(point);
  }
  return kept.length > most ? [...kept.slice(0, most - 1), last] : kept;
}
