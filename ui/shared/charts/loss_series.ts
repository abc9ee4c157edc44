/**
 * The loss curve of one run in a bounded number of points: once `capacity` points are there, neighbours are averaged in
 * pairs and every later point stands for twice as many losses.
 */
export class LossSeries {
  readonly steps: number[] = [];
  /** One per step; null is a gap: no loss there was a number. */
  readonly losses: (number | null)[] = [];
  #first: number | undefined;
  #lastStep = 0;
  #diverged = false;
  /** Losses that one point stands for. */
  #stride = 1;
  #pending: (number | null)[] = [];

  /** `capacity` is even. */
  constructor(readonly capacity = 2000) {}

  get lastStep(): number {
    return this.#lastStep;
  }

  /** The first loss that was a number, as it came. */
  get first(): number | undefined {
    return this.#first;
  }

  /** Whether the latest loss is no longer a number. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /**
   * Adds the loss of `step`, null where it is no longer a number; one that does not lie behind the last is ignored (a
   * reconnected socket repeats itself).
   */
  push(step: number, loss: number | null): void {
    if (step <= this.#lastStep) return;
    this.#lastStep = step;
    this.#diverged = loss === null;
    this.#first ??= loss ?? undefined;
    this.#pending.push(loss);
    if (this.#pending.length < this.#stride) return;
    this.steps.push(step);
    this.losses.push(average(this.#pending));
    this.#pending = [];
    if (this.steps.length >= this.capacity) this.#halve();
  }

  clear(): void {
    this.steps.length = this.losses.length = 0;
    this.#lastStep = 0;
    this.#first = undefined;
    this.#diverged = false;
    this.#stride = 1;
    this.#pending = [];
  }

  #halve(): void {
    const half = this.steps.length >> 1;
    for (let i = 0; i < half; i++) {
      this.steps[i] = this.steps[2 * i + 1];
      this.losses[i] = average(this.losses.slice(2 * i, 2 * i + 2));
    }
    this.steps.length = this.losses.length = half;
    this.#stride *= 2;
  }
}

/** Of those that are numbers; null where none is. */
function average(losses: readonly (number | null)[]): number | null {
  const numbers = losses.filter((loss) => loss !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, loss) => sum + loss, 0) / numbers.length;
}

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
