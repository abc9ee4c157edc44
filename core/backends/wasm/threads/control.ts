/** The words of shared memory by which the threads of a session keep in step. */
import { counterBytes } from "./work_stealing.ts";

/**
 * Indices of the words, from the address `control` on. Those that threads wait for have a cache line of their own,
 * because others are written meanwhile.
 */
export const CONTROL = {
  /** Not 0: every thread returns before the next item. Then the session can only be closed. */
  stop: 0,
  /** Threads that have arrived at the present barrier. */
  arrived: 16,
  /** Counts barriers. */
  generation: 32,
  /** Counts commands; the words of a command follow. */
  command: 48,
  program: 49,
  firstRow: 50,
  steps: 51,
  /** Not 0: a thread has failed, and has set the stop word. */
  failed: 52,
  /** Threads that have left the session, and will not touch its memory again. */
  left: 53,
} as const;

/** The command, in place of a program's number, to leave the session. */
export const LEAVE = -1;

const WORDS_BYTES = 64 * 4;

/** Bytes of the control words, and of the counters of `work_stealing.ts` behind them. */
export function controlBytes(threads: number): number {
  return WORDS_BYTES + counterBytes(threads);
}

/** Address of the counters for work stealing. */
export function countersAt(control: number): number {
  return control + WORDS_BYTES;
}

/** Address of a control word. */
export function wordAt(control: number, name: keyof typeof CONTROL): number {
  return control + 4 * CONTROL[name];
}

/** All control words, for the host. */
export function controlWords(memory: WebAssembly.Memory, control: number): Int32Array {
  return new Int32Array(memory.buffer, control, CONTROL.left + 1);
}

/** The word of shared memory that makes all threads return before the next item. */
export function stopWord(memory: WebAssembly.Memory, control: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory.buffer as unknown as SharedArrayBuffer, wordAt(control, "stop"), 1);
}
