/**
 * How workers share out the pieces of an item. Each has a share of its own, the same in each step, so that what it writes stays
 * in its core's cache. The shares of long items are cut into parts, and who is done takes parts from the others: cores are not
 * equally fast, and other programs run on them.
 */
import { type Code, type FunctionBuilder, type Local } from "../../emit/wasm/function_builder.ts";
import { atomics, i32 } from "../../emit/wasm/instructions.ts";
import type { WasmKernel } from "../../op.ts";

const MAX_PARTS = 16;
/** Vector operations that a part has at least, some microseconds: much more than taking it costs. */
const PART_WORK = 8192;
/** The most of a part that setting up may be. */
const MOST_SET_UP = 0.02;

/** Parts of each worker's share; 1 for an item that is not worth cutting. */
export function partsOf({ extent, work = 0, setUp = 0 }: WasmKernel, workers: number): number {
  const partWork = Math.max(PART_WORK, setUp / MOST_SET_UP);
  return Math.max(1, Math.min(MAX_PARTS, Math.ceil(extent / workers), Math.floor(work / (workers * partWork))));
}

/** Bytes from one counter to the next: a cache line, for different workers write them. */
const COUNTER_BYTES = 64;
/** Items between two barriers that can be cut. */
export const CUT_ITEMS = 4;

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

export interface Shares {
  extent: number;
  parts: number;
  workers: number;
  worker: Local;
  /** Address of the counters. */
  counters: number;
  /** Number of this item among those behind the last barrier that are cut. */
  item: number;
}

/** Calls `body` with the bounds of what `worker` is to do: its share, or part by part of its own and of the others'. */
export function shareOut(f: FunctionBuilder, shares: Shares, body: (from: Code, to: Code) => void): void {
  const { extent, parts, workers, worker, counters, item } = shares;
  const bound = (part: Code) => i32.divU(i32.mul(i32.const(extent), part), i32.const(workers * parts));
  const take = (part: Code) => body(bound(part), bound(i32.add(part, i32.const(1))));
  if (parts === 1) return take(worker.get);
  const owner = f.let("i32", worker.get), next = f.local("i32");
  const counter = counters + item * counterBytes(workers, 1);
  const setNext = () => f.set(next, atomics.add(i32.mul(owner.get, i32.const(COUNTER_BYTES)), counter, i32.const(1)));
  f.repeat(workers, () => {
    setNext();
    f.while(i32.ltS(next.get, i32.const(parts)), () => {
      take(i32.add(i32.mul(owner.get, i32.const(parts)), next.get));
      setNext();
    });
    f.set(owner, i32.add(owner.get, i32.const(1)));
    f.if(i32.eq(owner.get, i32.const(workers)), () => f.set(owner, i32.const(0)));
  });
}
