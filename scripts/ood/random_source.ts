import { uniform } from "../../core/random.ts";

const BLOCK = 4096;

/** Random numbers; the same seed gives the same sequence. */
export class RandomSource {
  #block: Float32Array = new Float32Array(0);
  #used = 0;
  #blocks = 0;

  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    if (this.#used === this.#block.length) {
      this.#block = uniform(this.#seed, this.#blocks++, BLOCK, 0.5);
      this.#used = 0;
    }
    return this.#block[this.#used++] + 0.5;
  }

  /** From `low` (included) to `high` (excluded). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.min(count - 1, Math.floor(this.next() * count));
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
