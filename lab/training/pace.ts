/** How much work to do between two looks at the world, and how fast it goes. */

const CHUNK_MS = 20;
const MAX_CHUNK_STEPS = 4096;
/** Weight of the past falls by e over this time. */
const MEMORY_MS = 2000;
/** The first steps compile their code and fill caches, so this long they say nothing about those to come. */
const WARM_UP_MS = 250;

/** Follows the speed of training, in steps, through changes such as warming up or a busy machine. */
export class Pace {
  /** Time and steps so far, the older the less they weigh. */
  #ms = 0;
  #steps = 0;
  #chunk = 1;
  #allMs = 0;
  #allSteps = 0;
  #isWarm = false;

  /** Steps to run next so that they take about 20 ms; the first is alone, so that its loss comes at once. */
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

  /** Whether `msPerStep` says how fast it goes on: until then it is that of the latest chunk. */
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
    // The latest speed decides the size: the remembered one would be late when the machine gets busy.
    const wanted = Math.floor(CHUNK_MS / latest);
    this.#chunk = Math.max(1, Math.min(wanted, this.#chunk * 2, MAX_CHUNK_STEPS));
  }
}
