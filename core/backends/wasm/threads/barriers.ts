/** Barriers between the items of a step: where threads have to wait for each other, and the code that waits. */
import { atomics, drop, i32, i64Const } from "../../../codegen/wasm/assembler/instructions.ts";
import type { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import type { Contract, Span } from "../../../codegen/wasm/verifier/contract.ts";
import type { ScheduleItem } from "../../../fuse.ts";
import type { Tensor } from "../../../graph.ts";
import { readsOf, writesOf } from "../../../schedule.ts";
import { controlBytes, countersAt, wordAt } from "./control.ts";
import { MAX_CUT_ITEMS, resetCounters } from "./work_stealing.ts";

/**
 * Whether each item of a step needs a barrier before it: it does if it touches what another thread may still be
 * writing, or writes what another may still be reading. At the beginning of a step, the `outputs` of the previous step
 * may still be read. `spanOf` is undefined for values that no item writes.
 */
export function barriersBefore(
  items: readonly ScheduleItem[],
  outputs: readonly Tensor[],
  spanOf: (node: Tensor) => Span | undefined,
): boolean[] {
  const spansOf = (nodes: readonly Tensor[]) => nodes.map(spanOf).filter((span) => span !== undefined);
  let read: Span[] = spansOf(outputs), written: Span[] = [];
  return items.map((item) => {
    const reads = spansOf(readsOf(item)), writes = spansOf(writesOf(item));
    const mustWait = overlap(reads, written) || overlap(writes, written) || overlap(writes, read);
    if (mustWait) [read, written] = [[], []];
    read.push(...reads);
    written.push(...writes);
    return mustWait;
  });
}

function overlap(a: readonly Span[], b: readonly Span[]): boolean {
  return a.some((x) => b.some((y) => x.start < y.end && y.start < x.end));
}

/**
 * How often a thread checks the generation before it sleeps, for some ten microseconds: longer than a kernel's
 * imbalance, and than waking up takes; shorter than a time slice.
 */
const SPINS = 20_000;
/** The longest sleep, after which a thread checks the stop word. */
const SLEEP_NS = 1_000_000;

/**
 * Adds the function for a barrier, which takes the number of cut items before it and the number of active threads. The
 * last of these to arrive resets their counters and releases the others. Those spin, then sleep in case one of them has
 * lost its core.
 */
export function addBarrier(module: ModuleBuilder, control: number, threads: number): number {
  const generationAt = wordAt(control, "generation"), arrivedAt = wordAt(control, "arrived");
  const zero = i32.const(0);
  const contract: Contract = {
    arguments: [{ lo: 0, hi: MAX_CUT_ITEMS }, undefined],
    writes: [{ start: control, end: control + controlBytes(threads) }],
    reads: [],
  };
  return module.addFunction("barrier", ["i32", "i32"], (f) => {
    const [cutItems, active] = f.params;
    const generation = f.let("i32", atomics.load(zero, generationAt));
    const isLast = i32.eq(atomics.add(zero, arrivedAt, i32.const(1)), i32.sub(active.get, i32.const(1)));
    f.if(isLast, () => {
      f.emit(atomics.store(zero, arrivedAt, zero));
      // Before the others are released, because the first of them may take a part at once.
      resetCounters(f, countersAt(control, threads), threads, cutItems);
      f.emit(atomics.store(zero, generationAt, i32.add(generation.get, i32.const(1))));
      f.emit([...atomics.notify(zero, generationAt, active.get), ...drop]);
    }, () => {
      const spins = f.let("i32", i32.const(SPINS));
      const isSame = i32.eq(atomics.load(zero, generationAt), generation.get);
      const isRunning = i32.eqz(atomics.load(zero, wordAt(control, "stop")));
      f.while(i32.and(isSame, isRunning), () => {
        f.if(spins.get, () => f.set(spins, i32.sub(spins.get, i32.const(1))), () => {
          f.emit([...atomics.wait32(zero, generationAt, generation.get, i64Const(SLEEP_NS)), ...drop]);
        });
      });
    });
  }, { contractOf: () => contract });
}
