/** The losses that a run remembers: enough for any chart, however long it trains. */
import type { LossPoint } from "../protocol/mod.ts";

export class LossHistory {
  readonly #capacity: number;
  #kept: LossPoint[] = [];
  /** Every how manyth point is kept. */
  #stride = 1;
  #count = 0;
  #latest?: LossPoint;

  /** @param capacity most points to keep; an even number */
  constructor(capacity = 20_000) {
    this.#capacity = capacity;
  }

  /** In order; the first and the latest are always among them, those between evenly spaced. */
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
