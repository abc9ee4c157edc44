import assert from "node:assert/strict";
import { constant, perStep, state, type Tensor, trace } from "../../../graph.ts";
import { add, matmul, neg, sum } from "../../../ops/mod.ts";
import { type Schedule, schedule } from "../../../schedule.ts";
import { bytesOf } from "../../../shape.ts";
import { closeThreads, wasmBackend } from "../backend.ts";
import { barriersBefore, type Span } from "./barriers.ts";
import { atomics, drop, i32 } from "../../../codegen/wasm/assembler/instructions.ts";
import { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import { addBarrier, CONTROL, controlBytes, countersAt } from "./control.ts";
import { CUT_ITEMS, shareOut } from "./work_stealing.ts";

/** Each state by itself, far from the others and from the arena. */
function spansOf({ locationOf }: Schedule): (node: Tensor) => Span | undefined {
  const states = new Map<string, number>();
  return (node) => {
    const place = locationOf(node);
    if (place.kind !== "state" && place.kind !== "arena") return undefined;
    if (place.kind === "state" && !states.has(place.name)) states.set(place.name, 1e6 * (states.size + 1));
    const start = place.kind === "state" ? states.get(place.name)! : place.offset;
    return { start, end: start + bytesOf(node) };
  };
}

function barriersOf(updates: () => Record<string, Tensor>, outputs: Record<string, Tensor> = {}): boolean[] {
  const scheduled = schedule(trace(() => ({ updates: updates(), outputs })));
  return barriersBefore(scheduled.items, scheduled.outputs.map(([, node]) => node), spansOf(scheduled));
}

const x = () => state("x", [8, 8]), w = () => state("w", [8, 8]);

Deno.test("what reads only what was there before the step waits for nobody", () => {
  assert.deepEqual(barriersOf(() => ({ a: matmul(x(), w()), b: matmul(w(), x()), c: neg(x()) })), [
    false,
    false,
    false,
  ]);
});

Deno.test("a reader waits for the writer, and one wait serves all that came before it", () => {
  // Two products, then two that read them.
  const barriers = barriersOf(() => {
    const first = matmul(x(), w()), second = matmul(w(), x());
    return { a: matmul(first, w()), b: matmul(second, w()) };
  });
  assert.deepEqual(barriers, [false, false, true, false]);
});

Deno.test("a state is overwritten only when all have read it", () => {
  // The product reads all of x; then come the new x, in the place of the old one, and the sum of the product.
  const barriers = barriersOf(() => ({ x: add(x(), w()), total: sum(matmul(x(), w()), 0, 1) }));
  assert.deepEqual(barriers, [false, true, false]);
});

Deno.test("an output is computed anew only when the host's side has read the last step's", async () => {
  const step = perStep((step) => step);
  assert.deepEqual(barriersOf(() => ({}), { v: add(step, constant(1)) }), [true]);
  const program = trace(() => ({ outputs: { v: add(step, constant(1)) } }));
  try {
    const session = await wasmBackend({ threads: 3 }).open({ program });
    for (let first = 0; first < 64 * 200; first += 64) {
      const { v } = await session.run("program", first, 64);
      assert.deepEqual([...v], Array.from({ length: 64 }, (_, i) => first + i + 1));
    }
    session.close();
  } finally {
    closeThreads();
  }
});

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
