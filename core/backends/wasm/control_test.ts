import assert from "node:assert/strict";
import { atomics, drop, i32 } from "../../codegen/wasm/instructions.ts";
import { ModuleBuilder } from "../../codegen/wasm/module_builder.ts";
import { addBarrier, CONTROL, controlBytes, countersAt } from "./control.ts";
import { CUT_ITEMS, shareOut } from "./work_stealing.ts";

const CONTROL_AT = 64, DONE = 32 * 1024;
/** Bytes behind the control words that nobody may write. */
const GUARD = 512, UNTOUCHED = 0xa5;

/** Each step has as many items as can be cut, all of which run at once, and counts each piece that is done. */
function stepsModule(extent: number, parts: number, workers: number): WebAssembly.Module {
  const module = new ModuleBuilder({ relaxedFma: false });
  const piece = module.addFunction("piece", ["i32", "i32", "i32"], (f) => {
    const [from, to, item] = f.params;
    f.countTo(from, to.get, 1, () => {
      const at = i32.mul(i32.add(from.get, i32.mul(item.get, i32.const(extent))), i32.const(4));
      f.emit([...atomics.add(at, DONE, i32.const(1)), ...drop]);
    });
  });
  const barrier = addBarrier(module, CONTROL_AT, workers);
  const shares = { extent, parts, workers, counters: countersAt(CONTROL_AT), stop: CONTROL_AT + 4 * CONTROL.stop };
  module.addFunction("run", ["i32", "i32"], (f) => {
    const [worker, steps] = f.params;
    f.countTo(f.let("i32", i32.const(0)), steps.get, 1, () => {
      for (let counted = 0; counted < CUT_ITEMS; counted++) {
        shareOut(f, { ...shares, worker, counted }, (from, to) => f.call(piece, from, to, i32.const(counted)));
      }
      f.call(barrier, i32.const(CUT_ITEMS));
    });
  }, { exported: true });
  return new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
}

const THREAD = `self.onmessage = ({ data: { memory, module, worker, steps } }) => {
  new WebAssembly.Instance(module, { env: { memory } }).exports.run(worker, steps);
  self.postMessage("done");
};`;

Deno.test("threads that help each other do every piece of every item once a step", async () => {
  const extent = 25, parts = 4, workers = 3, steps = 30_000;
  const module = stepsModule(extent, parts, workers);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const guard = new Uint8Array(memory.buffer, CONTROL_AT + controlBytes(workers), GUARD).fill(UNTOUCHED);
  const threads = Array.from({ length: workers }, () => {
    return new Worker(`data:text/javascript,${encodeURIComponent(THREAD)}`, { type: "module" });
  });
  await Promise.all(threads.map((thread, worker) =>
    new Promise((resolve) => {
      thread.onmessage = resolve;
      thread.postMessage({ memory, module, worker, steps });
    })
  ));
  for (const thread of threads) thread.terminate();
  const done = new Int32Array(memory.buffer, DONE, CUT_ITEMS * extent);
  assert.deepEqual([...new Set(done)], [steps]);
  assert.ok(guard.every((byte) => byte === UNTOUCHED), "something was written behind the counters");
});
