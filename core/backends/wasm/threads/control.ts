/** The words of shared memory by which the threads of a session keep in step. */
import { atomics, drop, i32, i64Const } from "../../../codegen/wasm/assembler/instructions.ts";
import type { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import { counterBytes, resetCounters } from "./work_stealing.ts";

/** Numbers of the words. Each has a cache line of its own, for they are written while others spin on their neighbours. */
export const CONTROL = {
  /** Not 0: everybody returns at the next item. The session can only be closed then. */
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
  /** Not 0: a thread broke down, and has set the stop word. */
  failed: 52,
  /** Threads that have left the session, and will not touch its memory again. */
  left: 53,
} as const;

const WORDS_BYTES = 64 * 4;

/** Bytes of the control words, and of the counters behind them. */
export function controlBytes(workers: number): number {
  return WORDS_BYTES + counterBytes(workers);
}

/** Address of the counters by which workers share out items. */
export function countersAt(control: number): number {
  return control + WORDS_BYTES;
}

/** In place of a program: leave the session. */
export const LEAVE = -1;

/** Looks at the generation before going to sleep: longer than a kernel's imbalance, shorter than a time slice. */
const SPINS = 2000;
const NAP_NS = 1_000_000;

/**
 * A barrier for `workers` threads: the last to arrive sets back the counters of the items before, as many as the barrier is
 * told, and lets the others go. Those spin, and sleep when one of them has lost its core.
 */
export function addBarrier(module: ModuleBuilder, control: number, workers: number): number {
  const word = (name: keyof typeof CONTROL) => control + 4 * CONTROL[name];
  const zero = i32.const(0);
  return module.addFunction("barrier", ["i32"], (f) => {
    const generation = f.let("i32", atomics.load(zero, word("generation")));
    const isLast = i32.eq(atomics.add(zero, word("arrived"), i32.const(1)), i32.const(workers - 1));
    f.if(isLast, () => {
      f.emit(atomics.store(zero, word("arrived"), zero));
      // Before the others are let go: the first of them may take a part at once.
      resetCounters(f, countersAt(control), workers, f.params[0]);
      f.emit(atomics.store(zero, word("generation"), i32.add(generation.get, i32.const(1))));
      f.emit([...atomics.notify(zero, word("generation"), i32.const(workers)), ...drop]);
    }, () => {
      const spins = f.let("i32", i32.const(SPINS));
      const isSame = i32.eq(atomics.load(zero, word("generation")), generation.get);
      const mayGoOn = i32.eqz(atomics.load(zero, word("stop")));
      f.while(i32.and(isSame, mayGoOn), () => {
        f.if(spins.get, () => f.set(spins, i32.sub(spins.get, i32.const(1))), () => {
          f.emit([...atomics.wait32(zero, word("generation"), generation.get, i64Const(NAP_NS)), ...drop]);
        });
      });
    });
  });
}
