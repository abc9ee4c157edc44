/** The words of shared memory that synchronise the threads of a session. */
import { aligned } from "../../../schedule.ts";
import { counterBytes } from "./work_stealing.ts";

/**
 * Indices of the words, from the address `control` on. Words that threads wait for have a cache line of their own,
 * because other words are written meanwhile.
 */
export const CONTROL = {
  /** If not 0, every thread returns before the next item, and afterwards the session can only be closed. */
  stop: 0,
  /** Number of threads that have arrived at the current barrier. */
  arrived: 16,
  /** Counts barriers. */
  generation: 32,
  /** The words of a command. */
  program: 48,
  firstRow: 49,
  steps: 50,
  /** How many threads run it; the others sleep. */
  active: 51,
  /** If not 0, a thread has failed, for the reason in `FAILED`, and has set the stop word. */
  failed: 52,
  /** Number of threads that have left the session and will not touch its memory again. */
  left: 53,
  /** Counts the commands for each thread, from here on. A thread that is not told of a command is not woken. */
  commands: 64,
} as const;

/** How a thread failed. */
export const FAILED = {
  /** An index that a kernel read from memory was out of range. */
  index: 1,
  other: 2,
} as const;

/** The error with which a run ends if a kernel trapped. */
export function outOfRange(cause?: unknown): RangeError {
  return new RangeError("an index that a kernel read from memory is out of range", { cause });
}

/** The command to leave the session, given instead of a program's number. */
export const LEAVE = -1;

/** Bytes of the control words and of the counters of `work_stealing.ts`. */
export function controlBytes(threads: number): number {
  return aligned(4 * (CONTROL.commands + threads)) + counterBytes(threads);
}

/** Address of the counters for work stealing, after the control words. */
export function countersAt(control: number, threads: number): number {
  return control + aligned(4 * (CONTROL.commands + threads));
}

/** Address of a control word. */
export function wordAt(control: number, name: keyof typeof CONTROL): number {
  return control + 4 * CONTROL[name];
}

/** All control words, for the host. */
export function controlWords(memory: WebAssembly.Memory, control: number, threads: number): Int32Array {
  return new Int32Array(memory.buffer, control, CONTROL.commands + threads);
}

/** The word of shared memory that makes all threads return before the next item. */
export function stopWord(memory: WebAssembly.Memory, control: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory.buffer as unknown as SharedArrayBuffer, wordAt(control, "stop"), 1);
}
