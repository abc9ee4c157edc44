/** The running mean looks back over about one part in this many of the run so far, however long that is. */
const LOOK_BACK = 20;

/**
 * The loss curve of one run in a bounded number of points: once `capacity` points are there, neighbours are averaged in
 * pairs and every later point stands for twice as many losses.
 */
export class LossSeries {
  readonly steps: number[] = [];
  /** One per step; null is a gap: no loss there was a number. */
  readonly losses: (number | null)[] = [];
  /** Exponentially weighted running mean of the losses, one per point, with the same gaps. */
  readonly means: (number | null)[] = [];
  #count = 0;
  #mean = 0;
  #lastStep = 0;
  #diverged = false;
  /** Losses that one point stands for. */
  #stride = 1;
  #pending: (number | null)[] = [];

  /** `capacity` is even. */
  constructor(readonly capacity = 4000) {}

  get lastStep(): number {
    return this.#lastStep;
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
    if (loss !== null) {
      this.#count++;
      this.#mean += (loss - this.#mean) * LOOK_BACK / (LOOK_BACK - 1 + this.#count);
    }
    this.#pending.push(loss);
    if (this.#pending.length < this.#stride) return;
    const point = average(this.#pending);
    this.steps.push(step);
    this.losses.push(point);
    this.means.push(point === null ? null : this.#mean);
    this.#pending = [];
    if (this.steps.length >= this.capacity) this.#halve();
  }

  clear(): void {
    this.steps.length = this.losses.length = this.means.length = 0;
    this.#count = this.#mean = this.#lastStep = 0;
    this.#diverged = false;
    this.#stride = 1;
    this.#pending = [];
  }

  #halve(): void {
    const half = this.steps.length >> 1;
    for (let i = 0; i < half; i++) {
      this.steps[i] = this.steps[2 * i + 1];
      this.losses[i] = average(this.losses.slice(2 * i, 2 * i + 2));
      this.means[i] = this.means[2 * i + 1] ?? this.means[2 * i];
    }
    this.steps.length = this.losses.length = this.means.length = half;
    this.#stride *= 2;
  }
}

/** Of those that are numbers; null where none is. */
function average(losses: readonly (number | null)[]): number | null {
  const numbers = losses.filter((loss) => loss !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, loss) => sum + loss, 0) / numbers.length;
}
