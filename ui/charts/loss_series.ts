/** The running mean looks back over about one part in this many of the run so far, however long that is. */
const LOOK_BACK = 20;

/**
 * The loss curve of one run in a bounded number of points: once `capacity` points are there, neighbours are averaged in
 * pairs and every later point stands for twice as many losses.
 */
export class LossSeries {
  readonly steps: number[] = [];
  readonly losses: number[] = [];
  /** Exponentially weighted running mean of the losses, one per point. */
  readonly means: number[] = [];
  #count = 0;
  #mean = 0;
  #lastStep = 0;
  /** Losses that one point stands for. */
  #stride = 1;
  #pending: number[] = [];

  /** `capacity` is even. */
  constructor(readonly capacity = 4000) {}

  get lastStep(): number {
    return this.#lastStep;
  }

  /** Adds the loss of `step`; one that does not lie behind the last is ignored (a reconnected socket repeats itself). */
  push(step: number, loss: number): void {
    if (step <= this.#lastStep) return;
    this.#lastStep = step;
    this.#count++;
    this.#mean += (loss - this.#mean) * LOOK_BACK / (LOOK_BACK - 1 + this.#count);
    this.#pending.push(loss);
    if (this.#pending.length < this.#stride) return;
    this.steps.push(step);
    this.losses.push(this.#pending.reduce((sum, value) => sum + value, 0) / this.#pending.length);
    this.means.push(this.#mean);
    this.#pending = [];
    if (this.steps.length >= this.capacity) this.#halve();
  }

  clear(): void {
    this.steps.length = this.losses.length = this.means.length = 0;
    this.#count = this.#mean = this.#lastStep = 0;
    this.#stride = 1;
    this.#pending = [];
  }

  #halve(): void {
    const half = this.steps.length >> 1;
    for (let i = 0; i < half; i++) {
      this.steps[i] = this.steps[2 * i + 1];
      this.losses[i] = (this.losses[2 * i] + this.losses[2 * i + 1]) / 2;
      this.means[i] = this.means[2 * i + 1];
    }
    this.steps.length = this.losses.length = this.means.length = half;
    this.#stride *= 2;
  }
}
