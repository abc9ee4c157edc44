/** How late this thread is with what it has to do: what every client waits for besides its own work. */

const INTERVAL_MS = 20;
/** A minute. */
const SAMPLES = 60_000 / INTERVAL_MS;

export interface DelayFigures {
  /** Milliseconds, over the last minute. */
  p50: number;
  p99: number;
  max: number;
}

/** Looks fifty times a second how late a timer of its own comes. */
export class EventLoopDelay {
  readonly #delays = new Float64Array(SAMPLES);
  #count = 0;
  #dueAt: number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly now = () => performance.now()) {
    this.#dueAt = now() + INTERVAL_MS;
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  get figures(): DelayFigures {
    const sorted = this.#delays.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look() {
    const now = this.now();
    // A timer that comes a little early is not late.
    this.#delays[this.#count++ % SAMPLES] = Math.max(0, now - this.#dueAt);
    this.#dueAt = now + INTERVAL_MS;
  }
}
