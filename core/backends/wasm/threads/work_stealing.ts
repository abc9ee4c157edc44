/**
 * Work stealing: how threads divide the work items of a schedule item. Each thread has its own share, the same in every
 * step, so that the data it writes stays in its core's cache. The shares of long schedule items are cut into parts, and
 * a thread that has finished its own takes parts of the others', because cores differ in speed and other programs run
 * on them, too.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { atomics, i32, trap } from "../../../codegen/wasm/assembler/instructions.ts";
import type { WasmKernel } from "../../../codegen/wasm/kernel.ts";

const MAX_PARTS = 16;
/** The fewest vector operations in a part: some microseconds, which is much more than the cost of taking a part. */
const PART_WORK = 8192;
/** The largest share of a part's work that the set-up may take. */
const MAX_SET_UP = 0.02;

/** Number of parts in each thread's share: 1 for a kernel that is too short to cut, or for a single thread. */
export function partsOf({ extent, work = 0, setUp = 0 }: WasmKernel, threads: number): number {
  if (threads === 1) return 1;
  const partWork = Math.max(PART_WORK, setUp / MAX_SET_UP);
  return Math.max(1, Math.min(MAX_PARTS, Math.ceil(extent / threads), Math.floor(work / (threads * partWork))));
}

/** In how many units all work is measured, so that any number of threads can divide it. */
const UNITS = 4096;

/** Bytes from one counter to the next: a cache line, because different threads write them. */
const COUNTER_BYTES = 64;
/** How many schedule items between two barriers can be cut. There are seldom more, and each needs its own counters. */
export const MAX_CUT_ITEMS = 4;

/** How a schedule item is cut. */
export interface Cut {
  /** Parts of each thread's share. */
  parts: number;
  /** Its number among the cut items since the last barrier, which determines its counters. */
  index: number;
  /** How many items' counters the barrier before it has to reset. */
  toReset: number;
}

/**
 * Cuts the first `MAX_CUT_ITEMS` items between two barriers that have several parts. `parts` and `barriers` say, for
 * each item, into how many parts its shares should be cut and whether there is a barrier before it. `toReset` is for
 * the barrier at the end.
 */
export function cutItems(parts: readonly number[], barriers: readonly boolean[]): { cuts: Cut[]; toReset: number } {
  let used = 0;
  const cuts = parts.map((wanted, i): Cut => {
    const toReset = used;
    if (barriers[i]) used = 0;
    const index = used, isCut = wanted > 1 && used < MAX_CUT_ITEMS;
    if (isCut) used++;
    return { parts: isCut ? wanted : 1, index, toReset };
  });
  return { cuts, toReset: used };
}

/** Bytes of the counters of `items` items. All counters are 0 at first. */
export function counterBytes(threads: number, items = MAX_CUT_ITEMS): number {
  return items * threads * COUNTER_BYTES;
}

/** Emits code that sets the counters of the first `items` cut items to 0. */
export function resetCounters(f: FunctionBuilder, counters: number, threads: number, items: Local): void {
  const end = i32.mul(items.get, i32.const(counterBytes(threads, 1)));
  const at = f.let("i32", i32.const(0));
  f.countTo(at, end, COUNTER_BYTES, () => f.emit(atomics.store(at.get, counters, i32.const(0))));
}

/** What a thread knows about the division of work among the threads that are active. */
export interface Share {
  /** How many threads are active: the first ones of the session. */
  active: Local;
  /** The thread's share of all work, in `UNITS`, where it is not cut. */
  from: Local;
  to: Local;
  /** The number of the first thread whose parts it takes, where work is cut: its own, if all threads are active. */
  owner: Local;
}

/**
 * Emits code that computes the share of thread number `thread` if the first `active` of `threads` threads divide the
 * work. It traps for numbers that are out of range.
 */
export function shareOf(f: FunctionBuilder, thread: Local, active: Local, threads: number): Share {
  f.requireBelow(active, threads + 1);
  f.if(i32.geU(thread.get, active.get), () => f.emit(trap));
  const scaled = (number: Code, count: number) => {
    // Rounded up, so that a few work items are divided evenly.
    const product = i32.add(i32.mul(number, i32.const(count)), i32.sub(active.get, i32.const(1)));
    const value = f.let("i32", i32.divU(product, active.get));
    // Always true, but the verifier does not know how large a quotient is.
    f.requireBelow(value, count + 1);
    return value;
  };
  return {
    active,
    from: scaled(thread.get, UNITS),
    to: scaled(i32.add(thread.get, i32.const(1)), UNITS),
    owner: scaled(thread.get, threads),
  };
}

/** Parameters of `divideWork`. */
export interface Division extends Pick<Cut, "parts" | "index"> {
  /** Number of work items. */
  extent: number;
  /** All threads of the session. */
  threads: number;
  /** Undefined if there is only one thread. */
  share?: Share;
  /** Address of the counters: for each cut item and thread, how many parts of its share have been taken. */
  counters: number;
  /** Address of the stop word; once it is not 0, no more parts are begun. */
  stop: number;
}

/**
 * Emits code that runs a thread's share of the work items, or its parts and then the remaining parts of other threads.
 * `body` gets the bounds of a range of work items.
 */
export function divideWork(f: FunctionBuilder, division: Division, body: (from: Code, to: Code) => void): void {
  const { extent, parts, share } = division;
  const runAll = () => body(i32.const(0), i32.const(extent));
  if (share === undefined) return runAll();
  if (parts === 1) return body(bound(share.from.get, UNITS, extent), bound(share.to.get, UNITS, extent));
  f.if(i32.eq(share.active.get, i32.const(1)), runAll, () => steal(f, { ...division, share }, body));
}

/** The first work item of a part if `extent` work items are divided into `parts`. */
function bound(part: Code, parts: number, extent: number): Code {
  // extent · part / parts, without a product that could exceed 32 bits.
  const quotient = i32.const(Math.floor(extent / parts)), rest = i32.const(extent % parts);
  return i32.add(i32.mul(part, quotient), i32.divU(i32.mul(part, rest), i32.const(parts)));
}

/** Emits code that takes parts, first the thread's own, until none is left. */
function steal(f: FunctionBuilder, division: Required<Division>, body: (from: Code, to: Code) => void): void {
  const { extent, parts, threads, share, counters, index, stop } = division, all = threads * parts;
  const run = (part: Code) => body(bound(part, all, extent), bound(i32.add(part, i32.const(1)), all, extent));
  const owner = f.local("i32"), victim = f.let("i32", share.owner.get), next = f.local("i32");
  const first = counters + index * counterBytes(threads, 1), ofOwner = i32.mul(owner.get, i32.const(COUNTER_BYTES));
  f.repeat(threads, () => {
    f.set(owner, i32.remU(victim.get, i32.const(threads)));
    // Reading the counter is cheaper than adding to it, and most shares have nothing left when a thief comes.
    const isLeft = i32.ltS(atomics.load(ofOwner, first), i32.const(parts));
    f.while(i32.and(isLeft, i32.eqz(atomics.load(i32.const(0), stop))), () => {
      f.set(next, atomics.add(ofOwner, first, i32.const(1)));
      f.if(i32.ltU(next.get, i32.const(parts)), () => {
        run(i32.add(i32.mul(owner.get, i32.const(parts)), next.get));
      });
    });
    f.set(victim, i32.add(victim.get, i32.const(1)));
  });
}
