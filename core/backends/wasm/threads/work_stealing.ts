/**
 * How workers share out the pieces of an item. Each has a share of its own, the same in each step, so that what it writes stays
 * in its core's cache. The shares of long items are cut into parts, and who is done takes parts from the others: cores are not
 * equally fast, and other programs run on them.
 */
import type { WasmKernel } from "../../../codegen/wasm/kernel.ts";
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { atomics, i32 } from "../../../codegen/wasm/assembler/instructions.ts";

const MAX_PARTS = 16;
/** Vector operations that a part has at least, some microseconds: much more than taking it costs. */
const PART_WORK = 8192;
/** The most of a part that setting up may be. */
const MOST_SET_UP = 0.02;

/** Parts of each worker's share; 1 for an item that is not worth cutting, or where nobody could help. */
export function partsOf({ extent, work = 0, setUp = 0 }: WasmKernel, workers: number): number {
  if (workers === 1) return 1;
  const partWork = Math.max(PART_WORK, setUp / MOST_SET_UP);
  return Math.max(1, Math.min(MAX_PARTS, Math.ceil(extent / workers), Math.floor(work / (workers * partWork))));
}

/** Bytes from one counter to the next: a cache line, for different workers write them. */
const COUNTER_BYTES = 64;
/** Items between two barriers that can be cut. Seldom are there more, and each needs counters of its own. */
export const CUT_ITEMS = 4;

/** How an item is shared out. */
export interface Cut {
  /** Of each worker's share. */
  parts: number;
  /** Its number among the items behind the last barrier that are cut. */
  counted: number;
  /** Counters that the barrier in front of it has to set back, as a number of items. */
  used: number;
}

/** Gives counters to the items that are worth it, of each between two barriers the first `CUT_ITEMS`. */
export function cutItems(parts: readonly number[], waits: readonly boolean[]): { cuts: Cut[]; usedAtEnd: number } {
  let used = 0;
  const cuts = parts.map((wanted, i): Cut => {
    const before = used;
    if (waits[i]) used = 0;
    const counted = used, isCut = wanted > 1 && used < CUT_ITEMS;
    if (isCut) used++;
    return { parts: isCut ? wanted : 1, counted, used: before };
  });
  return { cuts, usedAtEnd: used };
}

/** Bytes of the counters that `shareOut` needs, all 0 at first. */
export function counterBytes(workers: number, items = CUT_ITEMS): number {
  return items * workers * COUNTER_BYTES;
}

/** Sets the counters of the first items behind a barrier back, `items` of at most `CUT_ITEMS`. */
export function resetCounters(f: FunctionBuilder, counters: number, workers: number, items: Local): void {
  const end = i32.mul(items.get, i32.const(counterBytes(workers, 1)));
  const at = f.let("i32", i32.const(0));
  f.countTo(at, end, COUNTER_BYTES, () => f.emit(atomics.store(at.get, counters, i32.const(0))));
}

export interface Shares extends Pick<Cut, "parts" | "counted"> {
  extent: number;
  workers: number;
  worker: Local;
  /** Address of the counters. */
  counters: number;
  /** Address of a word; if it is not 0, no further part is begun. */
  stop: number;
}

/** Calls `body` with the bounds of what `worker` is to do: its share, or part by part of its own and of the others'. */
export function shareOut(f: FunctionBuilder, shares: Shares, body: (from: Code, to: Code) => void): void {
  const { extent, parts, workers, worker, counters, counted, stop } = shares;
  const all = workers * parts, quotient = Math.floor(extent / all), rest = extent % all;
  // extent · part / all without a product that 32 bits might not hold.
  const bound = (part: Code) =>
    i32.add(i32.mul(part, i32.const(quotient)), i32.divU(i32.mul(part, i32.const(rest)), i32.const(all)));
  const run = (part: Code) => body(bound(part), bound(i32.add(part, i32.const(1))));
  if (parts === 1) return run(worker.get);
  const owner = f.let("i32", worker.get), next = f.local("i32");
  const first = counters + counted * counterBytes(workers, 1), ofOwner = i32.mul(owner.get, i32.const(COUNTER_BYTES));
  f.repeat(workers, () => {
    // Looking first is cheaper than taking, and most shares have nothing left when a helper comes.
    const isLeft = i32.ltS(atomics.load(ofOwner, first), i32.const(parts));
    f.while(i32.and(isLeft, i32.eqz(atomics.load(i32.const(0), stop))), () => {
      f.set(next, atomics.add(ofOwner, first, i32.const(1)));
      f.if(i32.ltS(next.get, i32.const(parts)), () => {
        run(i32.add(i32.mul(owner.get, i32.const(parts)), next.get));
      });
    });
    f.set(owner, i32.add(owner.get, i32.const(1)));
    f.if(i32.eq(owner.get, i32.const(workers)), () => f.set(owner, i32.const(0)));
  });
}
