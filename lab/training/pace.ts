/** The speed of a training, and how many steps to run at once. */

const CHUNK_MS = 20;
const MAX_CHUNK_STEPS = 4096;
/** The weight of the past falls by a factor of e in this time. */
const MEMORY_MS = 2000;
/** The first steps compile code and fill caches; for this long they say nothing about later ones. */
const WARM_UP_MS = 250;

/** Follows the speed of a training through changes such as warming up or a busy machine. */
export class Pace {
  /** Time and steps so far, older ones weighing less. */
  #ms = 0;
  #steps = 0;
  #chunk = 1;
  #allMs = 0;
  #allSteps = 0;
  #isWarm = false;

  /** Steps to run next, for about 20 ms; first a single one, so that its loss comes at once. */
  get chunkSteps(): number {
    return this.#chunk;
  }

  /** Milliseconds; 0 before the first chunk. */
  get msPerStep(): number {
    return this.#steps === 0 ? 0 : this.#ms / this.#steps;
  }

  /** Milliseconds, over all steps so far; 0 before the first chunk. */
  get meanMsPerStep(): number {
    return this.#allSteps === 0 ? 0 : this.#allMs / this.#allSteps;
  }

  /** Whether `msPerStep` predicts later steps; until then it is that of the latest chunk. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** Reports that `steps` steps took `ms` milliseconds. */
  took(steps: number, ms: number) {
    const latest = Math.max(ms, 0.001) / steps;
    const past = this.#isWarm ? Math.exp(-ms / MEMORY_MS) : 0;
    this.#isWarm = this.#allMs > WARM_UP_MS;
    this.#allMs += Math.max(ms, 0.001);
    this.#allSteps += steps;
    this.#ms = past * this.#ms + Math.max(ms, 0.001);
    this.#steps = past * this.#steps + steps;
    // By the latest speed: the remembered one reacts late when the machine gets busy.
    const wanted = Math.floor(CHUNK_MS / latest);
    this.#chunk = Math.max(1, Math.min(wanted, this.#chunk * 2, MAX_CHUNK_STEPS));
  }
}
