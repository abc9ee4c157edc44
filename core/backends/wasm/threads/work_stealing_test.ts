import type { WasmKernel } from "../../../codegen/wasm/kernel.ts";
import assert from "node:assert/strict";
import { i32 } from "../../../codegen/wasm/assembler/instructions.ts";
import { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import { CUT_ITEMS, cutItems, partsOf, resetCounters, shareOut } from "./work_stealing.ts";

const STOP = 0, COUNTERS = 64, DONE = 8192, COUNTED = 1;

/** Workers that write their number, from 1, behind every piece that they do. */
function openWorkers(extent: number, parts: number, workers: number) {
  const module = new ModuleBuilder({ relaxedFma: false });
  const piece = module.addFunction("piece", ["i32", "i32", "i32"], (f) => {
    const [from, to, worker] = f.params;
    f.countTo(from, to.get, 1, () => {
      const at = f.let("i32", i32.mul(from.get, i32.const(4)));
      const before = i32.mul(i32.load(at.get, DONE), i32.const(10));
      f.emit(i32.store(at.get, DONE, i32.add(before, i32.add(worker.get, i32.const(1)))));
    });
  });
  module.addFunction("run", ["i32"], (f) => {
    const [worker] = f.params;
    const shares = { extent, parts, workers, worker, counters: COUNTERS, counted: COUNTED, stop: STOP };
    shareOut(f, shares, (from, to) => f.call(piece, from, to, worker.get));
  }, { exported: true });
  module.addFunction("reset", ["i32"], (f) => resetCounters(f, COUNTERS, workers, f.params[0]), { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const code = new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
  const { run, reset } = new WebAssembly.Instance(code, { env: { memory } }).exports;
  const done = new Int32Array(memory.buffer, DONE, extent + 1);
  const stop = new Int32Array(memory.buffer, STOP, 1);
  return { run: run as (worker: number) => void, reset: reset as (items: number) => void, done, stop };
}

Deno.test("every piece is done once, whoever comes first and however few pieces there are", () => {
  for (const [extent, parts, workers] of [[50, 4, 3], [7, 4, 2], [3, 2, 4], [64, 16, 2], [1, 2, 2]]) {
    const { run, reset, done } = openWorkers(extent, parts, workers);
    for (const order of [[...Array(workers).keys()], [...Array(workers).keys()].reverse()]) {
      done.fill(0);
      for (const worker of order) run(worker);
      const pieces = [...done.subarray(0, extent)];
      // The first to come does everything, for the others never begin.
      assert.deepEqual(pieces, new Array(extent).fill(order[0] + 1), `${extent} pieces, ${parts} parts`);
      assert.equal(done[extent], 0);
      reset(COUNTED + 1);
    }
  }
});

Deno.test("an item in one part is shared out by number, and nobody helps", () => {
  const { run, done } = openWorkers(10, 1, 2);
  run(1);
  assert.deepEqual([...done.subarray(0, 10)], [0, 0, 0, 0, 0, 2, 2, 2, 2, 2]);
  run(0);
  assert.deepEqual([...done.subarray(0, 10)], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
});

Deno.test("counters that are set back are those of the items behind the barrier, and no others", () => {
  const { run, reset, done } = openWorkers(4, 2, 2);
  run(0);
  reset(COUNTED);
  done.fill(0);
  run(0);
  assert.deepEqual([...done], [0, 0, 0, 0, 0], "another item's counters were set back");
  reset(COUNTED + 1);
  run(0);
  assert.deepEqual([...done], [1, 1, 1, 1, 0]);
});

Deno.test("only long items are cut, into parts that are long beside what setting up takes", () => {
  const kernel = (extent: number, work?: number, setUp?: number): WasmKernel => ({ extent, work, setUp, emit() {} });
  assert.equal(partsOf(kernel(1000), 2), 1, "who says nothing of its work has little");
  assert.equal(partsOf(kernel(1000, 10_000), 2), 1);
  assert.equal(partsOf(kernel(1000, 1e9), 1), 1, "one worker has nobody to help");
  assert.equal(partsOf(kernel(1000, 100_000), 2), 6);
  assert.equal(partsOf(kernel(1000, 1e9), 2), 16);
  assert.equal(partsOf(kernel(6, 1e9), 2), 3, "no part without a piece");
  assert.equal(partsOf(kernel(1000, 1e6, 1e4), 2), 1);
  assert.equal(partsOf(kernel(1000, 1e7, 1e4), 2), 10);
});

Deno.test("who is told to stop begins no further part", () => {
  const { run, done, stop } = openWorkers(10, 5, 2);
  stop[0] = 1;
  run(0);
  assert.ok(done.every((worker) => worker === 0));
});

Deno.test("bounds are right where 32 bits do not hold the extent times the number of parts", () => {
  const extent = 2 ** 31 - 1, workers = 64, parts = 16, all = workers * parts;
  const module = new ModuleBuilder({ relaxedFma: false });
  module.addFunction("run", ["i32"], (f) => {
    const at = f.let("i32", i32.const(DONE));
    const shares = { extent, parts, workers, worker: f.params[0], counters: COUNTERS, counted: 0, stop: STOP };
    shareOut(f, shares, (from, to) => {
      f.emit(i32.store(at.get, 0, from));
      f.emit(i32.store(at.get, 4, to));
      f.set(at, i32.add(at.get, i32.const(8)));
    });
  }, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const code = new WebAssembly.Module(module.encode({ pages: 1, shared: false }));
  (new WebAssembly.Instance(code, { env: { memory } }).exports.run as (worker: number) => void)(0);
  const bounds = [...new Int32Array(memory.buffer, DONE, 2 * all)];
  const expected = Array.from({ length: all }, (_, part) => [part, part + 1].map((n) => Math.floor(extent * n / all)));
  assert.deepEqual(bounds, expected.flat());
});

Deno.test("of the items between two barriers the first long ones are cut, and each barrier knows what it has to set back", () => {
  const waits = [false, false, true, false, false, false, false, false, true];
  const { cuts, usedAtEnd } = cutItems([3, 1, 2, 2, 1, 2, 2, 2, 7], waits);
  assert.equal(CUT_ITEMS, 4);
  assert.deepEqual(cuts.map(({ parts }) => parts), [3, 1, 2, 2, 1, 2, 2, 1, 7]);
  assert.deepEqual(cuts.flatMap(({ parts, counted }) => parts > 1 ? [counted] : []), [0, 0, 1, 2, 3, 0]);
  assert.deepEqual([cuts[2].used, cuts[8].used, usedAtEnd], [1, 4, 1]);
});
