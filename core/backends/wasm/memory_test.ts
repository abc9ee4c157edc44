import assert from "node:assert/strict";
import { constant, state, trace } from "../../graph.ts";
import { add, mul } from "../../ops/mod.ts";
import { closeThreads, wasmBackend } from "./backend.ts";
import { MemoryPool } from "./memory.ts";

const free = { isShared: true, isFree: () => true };

Deno.test("a returned memory is reused, cleared, if it is large enough and not far too large", async () => {
  const pool = new MemoryPool();
  const memory = await pool.take(40, true);
  new Uint8Array(memory.buffer).fill(7);
  pool.give({ memory, ...free });
  const again = await pool.take(33, true);
  assert.ok(again === memory);
  assert.ok(new Uint8Array(again.buffer).every((byte) => byte === 0));

  const large = await pool.take(5 * 48, true);
  for (const [spare, pages] of [[memory, 49], [large, 48]] as const) {
    pool.give({ memory: spare, ...free });
    const other = await pool.take(pages, true);
    assert.ok(other !== spare, `for ${pages} pages`);
    assert.ok(other.buffer.byteLength >= pages * 65536);
  }
});

Deno.test("a memory is reused once its threads have left, but not if they stay, nor for another kind", async () => {
  const pool = new MemoryPool();
  const memory = await pool.take(16, true);
  let looks = 0;
  pool.give({ memory, isShared: true, isFree: () => ++looks > 3 });
  assert.ok(await pool.take(16, true) === memory);
  pool.give({ memory, isShared: true, isFree: () => false });
  assert.ok(await pool.take(16, true) !== memory);
  pool.give({ memory, ...free });
  assert.ok(await pool.take(16, false) !== memory);
});

/** w ← 2 w + 1, elementwise. */
const program = () =>
  trace(() => {
    const w = state("w", [5000]);
    return { updates: { w: add(mul(w, constant(2)), constant(1)) } };
  });

Deno.test("successive sessions start from zeros, and a closed session refuses to work", async () => {
  try {
    for (const threads of [1, 3, 2, 3]) {
      const session = await wasmBackend({ threads }).open({ step: program() });
      await session.run("step", 0, 3);
      assert.deepEqual([...new Set(await session.read("w") as Float32Array)], [7], `${threads} threads`);
      session.close();
      assert.throws(() => session.read("w"), /closed/);
      assert.throws(() => session.run("step", 0, 1), /closed/);
    }
  } finally {
    closeThreads();
  }
});

Deno.test("a session right after a stopped one computes correctly, even while threads are still leaving", async () => {
  try {
    for (let round = 0; round < 20; round++) {
      const stopped = await wasmBackend({ threads: 3 }).open({ step: program() });
      await stopped.run("step", 0, 5);
      Atomics.store(stopped.stop!, 0, 1);
      stopped.close();
      const next = await wasmBackend({ threads: 3 }).open({ step: program() });
      await next.run("step", 0, 3);
      assert.deepEqual([...new Set(await next.read("w") as Float32Array)], [7]);
      next.close();
    }
  } finally {
    closeThreads();
  }
});

Deno.test("the next session uses the memory of a closed one", async () => {
  const open = () => wasmBackend({ threads: 1 }).open({ step: program() });
  const first = await open();
  first.close();
  const second = await open();
  Atomics.store(second.stop!, 0, 9);
  assert.equal(Atomics.load(first.stop!, 0), 9);
  second.close();
});
