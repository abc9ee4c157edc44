import assert from "node:assert/strict";
import { atomics, drop, i32 } from "../../../codegen/wasm/assembler/instructions.ts";
import { ModuleBuilder } from "../../../codegen/wasm/assembler/module_builder.ts";
import { constant, perStep, state, type Tensor, trace } from "../../../graph.ts";
import { add, matmul, neg, sum } from "../../../ops/mod.ts";
import { type Schedule, schedule } from "../../../schedule.ts";
import { bytesOf } from "../../../shape.ts";
import { closeThreads, wasmBackend } from "../backend.ts";
import type { Span } from "../../../codegen/wasm/verifier/contract.ts";
import { addBarrier, barriersBefore } from "./barriers.ts";
import { controlBytes, countersAt, wordAt } from "./control.ts";
import { divideWork, MAX_CUT_ITEMS, shareOf } from "./work_stealing.ts";

/** Puts each state far from the others and from the arena. */
function spansOf({ locationOf }: Schedule): (node: Tensor) => Span | undefined {
  const states = new Map<string, number>();
  return (node) => {
    const location = locationOf(node);
    if (location.kind !== "state" && location.kind !== "arena") return undefined;
    if (location.kind === "state" && !states.has(location.name)) states.set(location.name, 1e6 * (states.size + 1));
    const start = location.kind === "state" ? states.get(location.name)! : location.offset;
    return { start, end: start + bytesOf(node) };
  };
}

function barriersOf(updates: () => Record<string, Tensor>, outputs: Record<string, Tensor> = {}): boolean[] {
  const scheduled = schedule(trace(() => ({ updates: updates(), outputs })));
  return barriersBefore(scheduled.items, scheduled.outputs.map(([, node]) => node), spansOf(scheduled));
}

const x = () => state("x", [8, 8]), w = () => state("w", [8, 8]);

Deno.test("items that read only values from before the step need no barrier", () => {
  assert.deepEqual(barriersOf(() => ({ a: matmul(x(), w()), b: matmul(w(), x()), c: neg(x()) })), [
    false,
    false,
    false,
  ]);
});

Deno.test("a reader waits for the writer, and one barrier serves all items before it", () => {
  // Two products, then two that read them.
  const barriers = barriersOf(() => {
    const first = matmul(x(), w()), second = matmul(w(), x());
    return { a: matmul(first, w()), b: matmul(second, w()) };
  });
  assert.deepEqual(barriers, [false, false, true, false]);
});

Deno.test("a state is overwritten only after every thread has read it", () => {
  // The product reads all of x. Then come the new x, which overwrites the old one, and the sum of the product.
  const barriers = barriersOf(() => ({ x: add(x(), w()), total: sum(matmul(x(), w()), 0, 1) }));
  assert.deepEqual(barriers, [false, true, false]);
});

Deno.test("an output is overwritten only after the last step's has been read for the host", async () => {
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
/** Bytes after the control words, which no thread may write. */
const GUARD = 512, UNTOUCHED = 0xa5;

/** Each step has as many items as can be cut, without barriers between them, and counts the work items done. */
function stepsModule(extent: number, parts: number, threads: number): WebAssembly.Module {
  const module = new ModuleBuilder({ relaxedFma: false });
  const workItems = module.addFunction("workItems", ["i32", "i32", "i32"], (f) => {
    const [from, to, item] = f.params;
    f.countTo(from, to.get, 1, () => {
      const at = i32.mul(i32.add(from.get, i32.mul(item.get, i32.const(extent))), i32.const(4));
      f.emit([...atomics.add(at, DONE, i32.const(1)), ...drop]);
    });
  });
  const barrier = addBarrier(module, CONTROL_AT, threads);
  const division = {
    extent,
    parts,
    threads,
    counters: countersAt(CONTROL_AT, threads),
    stop: wordAt(CONTROL_AT, "stop"),
  };
  module.addFunction("run", ["i32", "i32", "i32"], (f) => {
    const [thread, active, steps] = f.params, share = shareOf(f, thread, active, threads);
    f.countTo(f.let("i32", i32.const(0)), steps.get, 1, () => {
      for (let index = 0; index < MAX_CUT_ITEMS; index++) {
        divideWork(f, { ...division, share, index }, (from, to) => f.call(workItems, from, to, i32.const(index)));
      }
      f.call(barrier, i32.const(MAX_CUT_ITEMS), active.get);
    });
  }, { exported: true });
  return new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
}

const THREAD = `self.onmessage = ({ data: { memory, module, thread, active, steps } }) => {
  new WebAssembly.Instance(module, { env: { memory } }).exports.run(thread, active, steps);
  self.postMessage("done");
};`;

Deno.test("threads that steal work run every work item of every item once in each step, however many are active", async () => {
  const extent = 25, parts = 4, steps = 10_000, count = 3;
  const module = stepsModule(extent, parts, count);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const guard = new Uint8Array(memory.buffer, CONTROL_AT + controlBytes(count), GUARD).fill(UNTOUCHED);
  const done = new Int32Array(memory.buffer, DONE, MAX_CUT_ITEMS * extent);
  const threads = Array.from({ length: count }, () => {
    return new Worker(`data:text/javascript,${encodeURIComponent(THREAD)}`, { type: "module" });
  });
  for (const active of [3, 2, 1, 2, 3]) {
    done.fill(0);
    await Promise.all(
      threads.slice(0, active).map((worker, thread) =>
        new Promise((resolve) => {
          worker.onmessage = resolve;
          worker.postMessage({ memory, module, thread, active, steps });
        })
      ),
    );
    assert.deepEqual([...new Set(done)], [steps], `${active} threads`);
  }
  for (const worker of threads) worker.terminate();
  assert.ok(guard.every((byte) => byte === UNTOUCHED), "something was written behind the counters");
});
