import type { WasmKernel } from "../../../codegen/wasm/kernel.ts";
import assert from "node:assert/strict";
import { i32 } from "../../../codegen/wasm/assembler/instructions.ts";
import { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import { cutItems, divideWork, MAX_CUT_ITEMS, partsOf, resetCounters, shareOf } from "./work_stealing.ts";

const STOP = 0, COUNTERS = 64, DONE = 8192, INDEX = 1;

/** Threads that append their number, from 1, as a digit to every work item that they run. */
function openThreads(extent: number, parts: number, threads: number) {
  const module = new ModuleBuilder({ relaxedFma: false });
  const workItems = module.addFunction("workItems", ["i32", "i32", "i32"], (f) => {
    const [from, to, thread] = f.params;
    f.countTo(from, to.get, 1, () => {
      const at = f.let("i32", i32.mul(from.get, i32.const(4)));
      const before = i32.mul(i32.load(at.get, DONE), i32.const(10));
      f.emit(i32.store(at.get, DONE, i32.add(before, i32.add(thread.get, i32.const(1)))));
    });
  });
  module.addFunction("run", ["i32", "i32"], (f) => {
    const [thread, active] = f.params, share = shareOf(f, thread, active, threads);
    const division = { extent, parts, threads, share, counters: COUNTERS, index: INDEX, stop: STOP };
    divideWork(f, division, (from, to) => f.call(workItems, from, to, thread.get));
  }, { exported: true });
  module.addFunction("reset", ["i32"], (f) => resetCounters(f, COUNTERS, threads, f.params[0]), { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const code = new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
  const { run, reset } = new WebAssembly.Instance(code, { env: { memory } }).exports;
  const done = new Int32Array(memory.buffer, DONE, extent + 1);
  const stop = new Int32Array(memory.buffer, STOP, 1);
  return { run: run as (thread: number, active: number) => void, reset: reset as (items: number) => void, done, stop };
}

Deno.test("every work item runs once, whichever thread comes first and however few items there are", () => {
  for (const [extent, parts, threads] of [[50, 4, 3], [7, 4, 2], [3, 2, 4], [64, 16, 2], [1, 2, 2]]) {
    const { run, reset, done } = openThreads(extent, parts, threads);
    for (const order of [[...Array(threads).keys()], [...Array(threads).keys()].reverse()]) {
      done.fill(0);
      for (const thread of order) run(thread, threads);
      const items = [...done.subarray(0, extent)];
      // The first thread runs everything, because the others have not begun.
      assert.deepEqual(items, new Array(extent).fill(order[0] + 1), `${extent} work items, ${parts} parts`);
      assert.equal(done[extent], 0);
      reset(INDEX + 1);
    }
  }
});

Deno.test("an item in one part is divided by thread numbers, and nothing is stolen", () => {
  const { run, done } = openThreads(10, 1, 2);
  run(1, 2);
  assert.deepEqual([...done.subarray(0, 10)], [0, 0, 0, 0, 0, 2, 2, 2, 2, 2]);
  run(0, 2);
  assert.deepEqual([...done.subarray(0, 10)], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
});

Deno.test("any number of threads runs every work item once", () => {
  for (const [extent, parts, threads] of [[50, 4, 3], [7, 4, 5], [50, 1, 3], [3, 1, 5], [1, 1, 4], [4097, 1, 7]]) {
    const { run, reset, done } = openThreads(extent, parts, threads);
    for (let active = 1; active <= threads; active++) {
      done.fill(0);
      for (let thread = 0; thread < active; thread++) run(thread, active);
      const runs = [...done.subarray(0, extent)].map((digits) => String(digits).length * Number(digits > 0));
      assert.deepEqual(runs, new Array(extent).fill(1), `${extent} items, ${parts} parts, ${active} of ${threads}`);
      assert.equal(done[extent], 0);
      reset(INDEX + 1);
    }
  }
});

Deno.test("an item in one part is divided evenly among the active threads", () => {
  const { run, done } = openThreads(12, 1, 4);
  for (const thread of [0, 1, 2]) run(thread, 3);
  assert.deepEqual([...done.subarray(0, 12)], [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
});

Deno.test("a thread that is not active cannot run", () => {
  const { run, done } = openThreads(10, 1, 2);
  for (const [thread, active] of [[1, 1], [2, 2], [0, 0], [0, 3]]) {
    assert.throws(() => run(thread, active), WebAssembly.RuntimeError);
  }
  assert.ok(done.every((digits) => digits === 0));
});

Deno.test("only the counters of the given number of items are reset", () => {
  const { run, reset, done } = openThreads(4, 2, 2);
  run(0, 2);
  reset(INDEX);
  done.fill(0);
  run(0, 2);
  assert.deepEqual([...done], [0, 0, 0, 0, 0], "another item's counters were reset");
  reset(INDEX + 1);
  run(0, 2);
  assert.deepEqual([...done], [1, 1, 1, 1, 0]);
});

Deno.test("only long items are cut, into parts that take much longer than setting up", () => {
  const kernel = (extent: number, work?: number, setUp?: number): WasmKernel => ({ extent, work, setUp, emit() {} });
  assert.equal(partsOf(kernel(1000), 2), 1, "a kernel that does not state its work has little");
  assert.equal(partsOf(kernel(1000, 10_000), 2), 1);
  assert.equal(partsOf(kernel(1000, 1e9), 1), 1, "a single thread has nobody to steal from it");
  assert.equal(partsOf(kernel(1000, 100_000), 2), 6);
  assert.equal(partsOf(kernel(1000, 1e9), 2), 16);
  assert.equal(partsOf(kernel(6, 1e9), 2), 3, "every part has a work item");
  assert.equal(partsOf(kernel(1000, 1e6, 1e4), 2), 1);
  assert.equal(partsOf(kernel(1000, 1e7, 1e4), 2), 10);
});

Deno.test("a thread that is told to stop does not begin another part", () => {
  const { run, done, stop } = openThreads(10, 5, 2);
  stop[0] = 1;
  run(0, 2);
  assert.ok(done.every((digits) => digits === 0));
});

Deno.test("bounds are right even if the extent times the number of parts exceeds 32 bits", () => {
  const extent = 2 ** 31 - 1, threads = 64, parts = 16, all = threads * parts;
  const module = new ModuleBuilder({ relaxedFma: false });
  module.addFunction("run", ["i32", "i32"], (f) => {
    const [thread, active] = f.params, share = shareOf(f, thread, active, threads);
    const at = f.let("i32", i32.const(DONE));
    const division = { extent, parts, threads, share, counters: COUNTERS, index: 0, stop: STOP };
    divideWork(f, division, (from, to) => {
      f.emit(i32.store(at.get, 0, from));
      f.emit(i32.store(at.get, 4, to));
      f.set(at, i32.add(at.get, i32.const(8)));
    });
  }, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const code = new WebAssembly.Module(module.encode({ pages: 1, shared: false }));
  (new WebAssembly.Instance(code, { env: { memory } }).exports.run as (thread: number, active: number) => void)(
    0,
    threads,
  );
  const bounds = [...new Int32Array(memory.buffer, DONE, 2 * all)];
  const expected = Array.from({ length: all }, (_, part) => [part, part + 1].map((n) => Math.floor(extent * n / all)));
  assert.deepEqual(bounds, expected.flat());
});

Deno.test("the first long items between two barriers are cut, and each barrier knows what to reset", () => {
  const barriers = [false, false, true, false, false, false, false, false, true];
  const { cuts, toReset } = cutItems([3, 1, 2, 2, 1, 2, 2, 2, 7], barriers);
  assert.equal(MAX_CUT_ITEMS, 4);
  assert.deepEqual(cuts.map(({ parts }) => parts), [3, 1, 2, 2, 1, 2, 2, 1, 7]);
  assert.deepEqual(cuts.flatMap(({ parts, index }) => parts > 1 ? [index] : []), [0, 0, 1, 2, 3, 0]);
  assert.deepEqual([cuts[2].toReset, cuts[8].toReset, toReset], [1, 4, 1]);
});
