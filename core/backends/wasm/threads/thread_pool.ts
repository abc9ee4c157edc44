/**
 * Threads that run a session's programs alongside the thread that opened it: single program, multiple data. They sleep
 * between runs and stay for the next session, because starting a thread takes tens of milliseconds. They do not work in
 * pages, whose bundles have no `thread.ts`.
 */
import { CONTROL, controlWords, FAILED, LEAVE, outOfRange } from "./control.ts";

/** What a thread needs to run a session's programs. */
export interface Assignment {
  memory: WebAssembly.Memory;
  modules: WebAssembly.Module[];
  /** Number of this thread in the session; the thread that opened it is 0. */
  thread: number;
  /** Number of threads in the session. */
  threads: number;
  /** Address of the control words. */
  control: number;
}

/** The threads of this process. One session at a time can have them. */
export class ThreadPool {
  readonly #threads: Worker[] = [];
  #isReserved = false;

  /**
   * Reserves the threads for a session. Returns false if another session has them; the session then has to run on its
   * own thread.
   */
  reserve(): boolean {
    const isFree = !this.#isReserved;
    this.#isReserved = true;
    return isFree;
  }

  /** Gives up a reservation. */
  release(): void {
    this.#isReserved = false;
  }

  /** Assigns threads to the session that has reserved them. They are free again when the team leaves. */
  assign(assignment: Omit<Assignment, "thread">): Team {
    const count = assignment.threads - 1;
    while (this.#threads.length < count) {
      this.#threads.push(new Worker(new URL("./thread.ts", import.meta.url), { type: "module", name: "wasm" }));
    }
    for (let i = 0; i < count; i++) this.#threads[i].postMessage({ ...assignment, thread: i + 1 } satisfies Assignment);
    return new Team(assignment, () => this.release());
  }

  /** Ends all threads, so that the process can end. */
  close(): void {
    for (const thread of this.#threads.splice(0)) thread.terminate();
  }
}

/** The threads of one session, besides the one that opened it. */
export class Team {
  readonly #control: Int32Array;
  readonly #threads: number;
  readonly #release: () => void;
  #hasLeft = false;

  constructor({ memory, control, threads }: Omit<Assignment, "thread">, release: () => void) {
    this.#control = controlWords(memory, control, threads);
    this.#threads = threads;
    this.#release = release;
  }

  /**
   * Tells the threads below number `active` to run steps of the program with this number. The caller is number 0 and
   * has to run its own share.
   */
  start(program: number, firstRow: number, steps: number, active: number): void {
    const control = this.#control;
    control[CONTROL.program] = program;
    control[CONTROL.firstRow] = firstRow;
    control[CONTROL.steps] = steps;
    control[CONTROL.active] = active;
    for (let thread = 1; thread < active; thread++) {
      Atomics.add(control, CONTROL.commands + thread, 1);
      Atomics.notify(control, CONTROL.commands + thread);
    }
  }

  /**
   * @throws {RangeError} when an index that a thread read from memory was out of range
   * @throws {Error} when a thread has failed for another reason, and the results of a run are therefore incomplete
   */
  requireWhole(): void {
    const failed = Atomics.load(this.#control, CONTROL.failed);
    if (failed === 0) return;
    if (failed === FAILED.index) throw outOfRange();
    throw new Error("a thread of the training failed; there may be too little memory for so many threads");
  }

  /** Whether every thread has left without an error, so that the memory may be reused. */
  get isGone(): boolean {
    return this.#hasLeft && Atomics.load(this.#control, CONTROL.left) === this.#threads - 1;
  }

  /** Sends the threads back to the pool. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    // Releases threads that still wait at a barrier because the caller failed during a run.
    Atomics.store(this.#control, CONTROL.stop, 1);
    this.start(LEAVE, 0, 0, this.#threads);
    this.#release();
  }
}
