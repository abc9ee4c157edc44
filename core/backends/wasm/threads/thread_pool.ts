/**
 * Threads that run a session's programs beside the one that asks: single program, multiple data. They sleep between runs and
 * stay for the next session, for starting one takes some tens of milliseconds. Not for pages: their bundles have no `thread.ts`.
 */
import { CONTROL, LEAVE } from "./control.ts";

/** What a thread needs to take part in a session. */
export interface Assignment {
  memory: WebAssembly.Memory;
  modules: WebAssembly.Module[];
  /** Number of this thread among the workers; the one that asks is 0. */
  worker: number;
  /** Address of the control words. */
  control: number;
}

export class ThreadPool {
  private readonly threads: Worker[] = [];
  private taken = false;

  /** Keeps the threads for the session that asks; false where another has them, which then has to do with its own. */
  reserve(): boolean {
    const isFree = !this.taken;
    this.taken = true;
    return isFree;
  }

  release(): void {
    this.taken = false;
  }

  /** Gives `count` threads to the session that has reserved them; they are free again when the team leaves. */
  assign(count: number, assignment: Omit<Assignment, "worker">): Team {
    while (this.threads.length < count) {
      this.threads.push(new Worker(new URL("./thread.ts", import.meta.url), { type: "module", name: "wasm" }));
    }
    for (let i = 0; i < count; i++) this.threads[i].postMessage({ ...assignment, worker: i + 1 } satisfies Assignment);
    return new Team(assignment, count, () => this.release());
  }

  /** Ends all threads, so that the process can end. */
  close(): void {
    for (const thread of this.threads.splice(0)) thread.terminate();
  }
}

/** The word of shared memory that makes everybody return at the next item. */
export function stopWord(memory: WebAssembly.Memory, control: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory.buffer as unknown as SharedArrayBuffer, control + 4 * CONTROL.stop, 1);
}

/** The threads of one session. */
export class Team {
  /** The word that makes all of them return at the next item. */
  readonly stop: Int32Array<SharedArrayBuffer>;
  private readonly control: Int32Array;
  private hasLeft = false;

  constructor(
    { memory, control }: Omit<Assignment, "worker">,
    private readonly count: number,
    private readonly release: () => void,
  ) {
    this.control = new Int32Array(memory.buffer, control, CONTROL.left + 1);
    this.stop = stopWord(memory, control);
  }

  /** Has the others run steps of a program, by its number; the caller does its own share. */
  start(program: number, firstRow: number, steps: number): void {
    const { control } = this;
    control[CONTROL.program] = program;
    control[CONTROL.firstRow] = firstRow;
    control[CONTROL.steps] = steps;
    Atomics.add(control, CONTROL.command, 1);
    Atomics.notify(control, CONTROL.command);
  }

  /** Throws where one of the threads has broken down; what it should have computed is missing. */
  requireWhole(): void {
    if (Atomics.load(this.control, CONTROL.failed) === 0) return;
    throw new Error("a thread of the training broke down; there may be too little memory for so many threads");
  }

  /** Whether every thread has left, on its own feet. */
  get isGone(): boolean {
    return this.hasLeft && Atomics.load(this.control, CONTROL.left) === this.count;
  }

  leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    // Whoever still waits at a barrier, because the caller broke down in the middle, is let go.
    Atomics.store(this.stop, 0, 1);
    this.start(LEAVE, 0, 0);
    this.release();
  }
}
