/**
 * The loss curve of one run, in a limited number of points. Once there are `capacity` points, neighbours are averaged
 * in pairs, and from then on each point represents twice as many losses.
 */
export class LossSeries {
  /** The last step of each point. */
  readonly steps: number[] = [];
  /** The mean loss of each point; null (a gap) if none of its losses is a number. */
  readonly losses: (number | null)[] = [];
  /** The most points to keep; an even number. */
  readonly capacity: number;
  #first: number | undefined;
  #lastStep = 0;
  #diverged = false;
  /** Losses per point. */
  #stride = 1;
  /** Losses of the next point. */
  #pending: (number | null)[] = [];

  constructor(capacity = 2000) {
    this.capacity = capacity;
  }

  /** The step of the latest loss; 0 before the first. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** The first loss that is a number. */
  get first(): number | undefined {
    return this.#first;
  }

  /** Whether the latest loss is NaN. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /**
   * Adds the loss of `step`, null for NaN. Steps that are not later than the last one are ignored, because sockets
   * reconnect.
   */
  push(step: number, loss: number | null): void {
    if (step <= this.#lastStep) return;
    this.#lastStep = step;
    this.#diverged = loss === null;
    this.#first ??= loss ?? undefined;
    this.#pending.push(loss);
    if (this.#pending.length < this.#stride) return;
    this.steps.push(step);
    this.losses.push(meanOf(this.#pending));
    this.#pending = [];
    if (this.steps.length >= this.capacity) this.#halve();
  }

  /** Removes all losses, for another run. */
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
      this.losses[i] = meanOf(this.losses.slice(2 * i, 2 * i + 2));
    }
    this.steps.length = this.losses.length = half;
    this.#stride *= 2;
  }
}

/** The mean of the losses that are numbers; null if there are none. */
function meanOf(losses: readonly (number | null)[]): number | null {
  const numbers = losses.filter((loss) => loss !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, loss) => sum + loss, 0) / numbers.length;
}

/**
 * Exponentially weighted running mean of `values`, with the same gaps. Each mean looks back over about `share` (0 to 1)
 * of the values before it; 0 leaves the values as they are. Because it is a share and not a number of values, a curve
 * looks the same when `LossSeries` halves its points.
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

/** The last running mean that is a number; undefined if there is none. */
export function lastMean(values: readonly (number | null)[], share: number): number | undefined {
  return runningMean(values, share).findLast((mean) => mean !== null) ?? undefined;
}
