import assert from "node:assert/strict";
import { AskedWorker } from "./ask_worker.ts";

function open() {
  const worker = new AskedWorker<string | number | Uint8Array, unknown>(
    new URL("./ask_worker_testing.ts", import.meta.url),
    "echo",
  );
  return { worker, [Symbol.dispose]: () => worker.close() };
}

Deno.test("questions are answered in order, and a failure does not affect the others", async () => {
  using opened = open();
  const { worker } = opened;
  const asked = [worker.ask(20), worker.ask("fail"), worker.ask(1)];
  assert.equal(worker.waiting, 3);
  const order: number[] = [];
  asked.forEach((answer, i) => answer.catch(() => {}).then(() => order.push(i)));
  await assert.rejects(asked[1], /^Error: asked to fail$/);
  assert.deepEqual(await Promise.all([asked[0], asked[2]]), [20, 1]);
  assert.deepEqual(order, [0, 1, 2]);
  assert.equal(worker.waiting, 0);
});

Deno.test("after a crash no question is left waiting, and the next one starts a new worker", async () => {
  using opened = open();
  const { worker } = opened;
  await worker.ask("hello");
  const asked = await Promise.allSettled([worker.ask("crash"), worker.ask("after it")]);
  for (const result of asked) {
    assert(result.status === "rejected");
    assert.match(result.reason.message, /the worker "echo" crashed: .*asked to crash/);
  }
  assert.equal(await worker.ask("again"), "again");
});

Deno.test("closing rejects open questions with its reason", async () => {
  using opened = open();
  const asked = opened.worker.ask(1000);
  opened.worker.close(new Error("the lab is closing"));
  await assert.rejects(asked, /^Error: the lab is closing$/);
});

Deno.test("bytes are moved in both directions, not copied", async () => {
  using opened = open();
  const bytes = Uint8Array.of(1, 2, 3);
  const answer = opened.worker.ask(bytes, [bytes.buffer]);
  assert.equal(bytes.length, 0);
  assert.deepEqual(await answer, Uint8Array.of(1, 2, 3));
});
