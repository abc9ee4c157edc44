import assert from "node:assert/strict";
import { HttpError } from "./errors.ts";
import { Exports } from "./exports.ts";

const LIMITS = { largeBytes: 1000, maxBytes: 5_000_000, deadlineMs: 60_000 };
const LARGE = 3_000_000;
const file = Uint8Array.from({ length: LARGE }, (_, i) => i);
const make = () => Promise.resolve(file);

const isRefusal = (error: Error) =>
  error instanceof HttpError && error.status === 503 && /try again/.test(error.message);

Deno.test("a large file arrives complete and makes room for the next once it is sent", async () => {
  const exports = new Exports(LIMITS);
  for (let i = 0; i < 3; i++) {
    const { content, length } = await exports.send(LARGE, make);
    assert.equal(length, LARGE);
    assert.deepEqual(await new Response(content).bytes(), file);
  }
});

Deno.test("large files beyond the limit are refused until a client is gone, small files never", async () => {
  const exports = new Exports(LIMITS);
  const first = await exports.send(LARGE, make);
  await assert.rejects(exports.send(LARGE, () => assert.fail("nothing is to be made")), isRefusal);
  const small = await exports.send(10, () => Promise.resolve(file.subarray(0, 10)));
  assert.deepEqual(await new Response(small.content).bytes(), file.subarray(0, 10));
  await (first.content as ReadableStream).cancel();
  const { content } = await exports.send(LARGE, make);
  assert.equal((await new Response(content).bytes()).length, LARGE);
});

Deno.test("a file larger than the limit is sent if no other is being sent", async () => {
  const exports = new Exports({ ...LIMITS, maxBytes: 1 });
  const { content } = await exports.send(LARGE, make);
  await assert.rejects(exports.send(LARGE, make), isRefusal);
  assert.equal((await new Response(content).bytes()).length, LARGE);
});

Deno.test("a file that cannot be made frees its slot", async () => {
  const exports = new Exports(LIMITS);
  await assert.rejects(exports.send(LARGE, () => Promise.reject(new Error("damaged"))), /damaged/);
  const { content } = await exports.send(LARGE, make);
  await (content as ReadableStream).cancel();
});

Deno.test("a client that does not read loses its download and its slot at the deadline", async () => {
  const exports = new Exports({ ...LIMITS, deadlineMs: 20 });
  const { content } = await exports.send(LARGE, make);
  const reader = (content as ReadableStream).getReader();
  await assert.rejects(reader.closed, /took too long/);
  const next = await exports.send(LARGE, make);
  assert.equal((await new Response(next.content).bytes()).length, LARGE);
});

Deno.test("clients of one file share it, and it is made once", async () => {
  const exports = new Exports({ ...LIMITS, idleBytes: LARGE });
  let made = 0;
  const once = () => (made++, make());
  const bodies = await Promise.all(
    Array.from({ length: 100 }, (_, i) => exports.send(LARGE, once, { key: "m onnx", client: `10.0.0.${i}` })),
  );
  for (const { content } of bodies.slice(1)) await (content as ReadableStream).cancel();
  assert.deepEqual(await new Response(bodies[0].content).bytes(), file);
  assert.equal((await exports.send(LARGE, once, { key: "m onnx", client: "a" })).length, LARGE);
  assert.equal(made, 1);
});
