/**
 * Chooses how many threads of a session are active: as many as are fastest at the moment. When another program takes a
 * core, the threads wait at every barrier for the one that was on it, and fewer threads are faster.
 */

/** Steps of a program to run together. */
export interface Batch {
  /** How many threads run it. */
  threads: number;
  steps: number;
}

/** Batches take at most about this long, so that a change of speed is noticed. */
const BATCH_MS = 20;
/** Speed is taken over this much time, because threads lose their cores for some milliseconds at any time. */
const WINDOW_MS = 50;
/** A trial begins with a batch of this length, because most are lost at once. */
const LOOK_MS = 6;
/**
 * A trial is lost if, after so many ms, steps take more than `ratio` times as long as before: much longer at first,
 * because threads have to wake up. A trial that lasts for `PROOF_MS` has won.
 */
const LIMITS = [{ ms: LOOK_MS, ratio: 1.5 }, { ms: 20, ratio: 1.15 }, { ms: WINDOW_MS, ratio: 0.97 }] as const;
const PROOF_MS = 100;
/** The time between two trials doubles with each that is lost, from the first to the second number. */
const FIRST_INTERVAL_MS = 50, MAX_INTERVAL_MS = 500;
/**
 * The share of the time that trials may cost: of fewer threads, which always lose on a machine that nothing else uses;
 * of more threads; and once the speed has dropped.
 */
const SHARE_DOWN = 0.008, SHARE_UP = 0.03, SHARE_AFTER_DROP = 0.05;
/** Steps that take this many times as long as before: another program may have taken a core. */
const DROP = 1.25;

/** Trials of fewer threads, or of more. */
class Direction {
  dueAt = 0;
  #intervalMs = 0;
  #costMs = 0;
  /** How far from the active number the next trial is: one thread, or so many doublings or halvings. */
  #distance = 0;

  constructor(readonly sign: 1 | -1, readonly share: number) {}

  /** The number to try when `count` threads of at most `most` are active. */
  candidate(count: number, most: number): number {
    const factor = 2 ** (this.sign * this.#distance);
    const wanted = this.#distance === 0 ? count + this.sign : Math.floor(count * factor);
    return Math.min(most, Math.max(1, wanted));
  }

  /** A trial has ended: the next one goes farther, unless `isLast` says that no number is farther away. */
  ended(isLast: boolean): void {
    this.#distance = isLast ? 0 : this.#distance + 1;
  }

  /** A trial was lost, which cost `costMs`. */
  lost(now: number, costMs: number): void {
    this.#costMs = Math.max(0, costMs);
    this.dueAt = now + Math.max(this.#intervalMs, this.#costMs / this.share);
    this.#intervalMs = Math.min(2 * this.#intervalMs, MAX_INTERVAL_MS);
  }

  /** The number of active threads has changed. */
  restart(now: number): void {
    this.#intervalMs = FIRST_INTERVAL_MS;
    this.#costMs = 0;
    this.dueAt = now + FIRST_INTERVAL_MS;
  }

  /** Makes a trial due as soon as the cost of the last one allows. */
  hasten(now: number): void {
    this.#intervalMs = FIRST_INTERVAL_MS;
    this.dueAt = Math.min(this.dueAt, now + this.#costMs / SHARE_AFTER_DROP);
  }
}

/** Measures the batches of a session, and from time to time tries another number of threads for a moment. */
export class ActiveThreads {
  readonly #most: number;
  readonly #now: () => number;
  readonly #directions = [new Direction(-1, SHARE_DOWN), new Direction(1, SHARE_UP)] as const;
  #count: number;
  /** When the latest batch began. */
  #began = 0;
  /** The program whose steps are compared: the one that takes the time. */
  #program?: number;
  /** Time that other programs have taken since it last ran. */
  #otherMs = 0;
  /** Batches of the current window or trial. */
  #steps = 0;
  #ms = 0;
  /** The time of a step in the last window, in ms; undefined before the first one. */
  #latestMs?: number;
  /** The shorter of the last two of these times, because something else may have slowed down one of them. */
  #stepMs?: number;
  /** The shortest of these times since the last trial. */
  #bestStepMs = Infinity;
  #trial?: { direction: Direction; threads: number };

  /**
   * @param most threads of the session
   * @param now milliseconds; another clock in tests
   */
  constructor(most: number, now: () => number = () => performance.now()) {
    this.#most = this.#count = most;
    this.#now = now;
    this.#restart(now());
  }

  /** How many threads are active, apart from trials. */
  get count(): number {
    return this.#count;
  }

  /** The next batch, of up to `steps` steps of a program. The time from now until `took` is counted. */
  next(program: number, steps: number): Batch {
    if (this.#most === 1) return { threads: 1, steps };
    const now = this.#began = this.#now(), stepMs = this.#stepMs;
    if (program !== this.#program || stepMs === undefined) return { threads: this.#count, steps };
    if (this.#trial === undefined && this.#steps === 0) this.#startTrial(now);
    const batchMs = this.#trial === undefined ? BATCH_MS : LOOK_MS;
    return { threads: this.#trial?.threads ?? this.#count, steps: Math.min(steps, Math.ceil(batchMs / stepMs)) };
  }

  /** Reports that a batch has run. */
  took(program: number, { steps }: Batch): void {
    if (this.#most === 1) return;
    const now = this.#now(), ms = now - this.#began;
    if (program !== this.#program) {
      this.#otherMs += ms;
      // This batch does not count. A program's first one may have waited for threads that start.
      if (this.#program === undefined || this.#otherMs >= WINDOW_MS) this.#measure(program);
      return;
    }
    this.#otherMs = 0;
    this.#steps += steps;
    this.#ms += ms;
    if (this.#trial !== undefined) this.#judge(this.#trial, now);
    else if (this.#ms >= WINDOW_MS) this.#endWindow(now);
  }

  #measure(program: number): void {
    this.#program = program;
    this.#latestMs = this.#stepMs = this.#trial = undefined;
    this.#bestStepMs = Infinity;
    this.#otherMs = this.#steps = this.#ms = 0;
  }

  #restart(now: number): void {
    for (const direction of this.#directions) direction.restart(now);
  }

  #startTrial(now: number): void {
    const [direction] = this.#directions
      .filter((one) => one.dueAt <= now && one.candidate(this.#count, this.#most) !== this.#count)
      .toSorted((a, b) => a.dueAt - b.dueAt);
    if (direction === undefined) return;
    this.#trial = { direction, threads: direction.candidate(this.#count, this.#most) };
  }

  /** Ends the trial if it is decided. */
  #judge({ direction, threads }: { direction: Direction; threads: number }, now: number): void {
    const before = this.#stepMs!, latest = this.#ms / this.#steps;
    const isLost = LIMITS.some(({ ms, ratio }) => this.#ms >= ms && latest > ratio * before);
    if (!isLost && this.#ms < PROOF_MS) return;
    direction.ended(threads === 1 || threads === this.#most);
    if (isLost) direction.lost(now, this.#ms - this.#steps * before);
    else {
      this.#count = threads;
      this.#stepMs = this.#latestMs = latest;
      this.#restart(now);
    }
    this.#trial = undefined;
    this.#bestStepMs = this.#stepMs!;
    this.#steps = this.#ms = 0;
  }

  #endWindow(now: number): void {
    const latest = this.#ms / this.#steps, stepMs = Math.min(latest, this.#latestMs ?? latest);
    this.#latestMs = latest;
    this.#stepMs = stepMs;
    this.#steps = this.#ms = 0;
    if (stepMs > DROP * this.#bestStepMs) {
      for (const direction of this.#directions) direction.hasten(now);
      this.#bestStepMs = stepMs;
    }
    this.#bestStepMs = Math.min(this.#bestStepMs, stepMs);
  }
}
