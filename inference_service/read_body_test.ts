import assert from "node:assert/strict";
import { HttpError } from "../service/errors.ts";
import { readBody } from "./read_body.ts";

const LIMITS = { heldBytes: 1000, deadlineMs: 60_000 };
const KIBIBYTE = 1024;

/** A request whose body begins with `bytes` bytes and goes on once `rest` is done; it says its size, as clients do. */
function slowRequest(bytes: number, rest: Promise<unknown> = new Promise(() => {})): Request {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(bytes).fill(65)),
    async pull(controller) {
      await rest;
      controller.close();
    },
  });
  const headers = { "Content-Length": String(bytes) };
  return new Request("http://localhost/", { method: "POST", body, headers });
}

const isStatus = (status: number) => (error: unknown) => error instanceof HttpError && error.status === status;

Deno.test("a body is read to its end, in whatever pieces its letters come", async () => {
  const bytes = new TextEncoder().encode("Größe: 28×28");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  assert.equal(await readBody(request, KIBIBYTE), "Größe: 28×28");
  assert.equal(await readBody(new Request("http://localhost/", { method: "POST" }), KIBIBYTE), "");
});

Deno.test("a small body that never ends is given up, as a large one is", async () => {
  await assert.rejects(readBody(slowRequest(10), KIBIBYTE, { ...LIMITS, deadlineMs: 20 }), isStatus(408));
});

Deno.test("small bodies under way count together, until they are read", async () => {
  const rest = Promise.withResolvers<void>();
  const first = readBody(slowRequest(600, rest.promise), KIBIBYTE, LIMITS);
  await assert.rejects(readBody(slowRequest(600), KIBIBYTE, LIMITS), isStatus(503));
  rest.resolve();
  assert.equal((await first).length, 600);
  assert.equal((await readBody(slowRequest(600, rest.promise), KIBIBYTE, LIMITS)).length, 600);
});

Deno.test("a body that breaks off is said to have", async () => {
  await assert.rejects(readBody(slowRequest(10, Promise.reject(new Error("reset"))), KIBIBYTE, LIMITS), isStatus(400));
});
