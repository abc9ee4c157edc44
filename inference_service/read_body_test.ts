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

Deno.test("over a socket, a small body is read as far as it says, and given up where it stalls or says two things", async () => {
  const limits = { heldBytes: 1e6, deadlineMs: 100 };
  const answer = (request: Request) =>
    readBody(request, KIBIBYTE * KIBIBYTE, limits).then(
      (text) => new Response(text),
      (error) => new Response(error.message, { status: error instanceof HttpError ? error.status : 500 }),
    );
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  /** Status and body of the answer, which fits one read. */
  const ask = async (head: string, body: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const request = `POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n${body}`;
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(KIBIBYTE);
    const text = new TextDecoder().decode(buffer.subarray(0, (await connection.read(buffer))!));
    return [text.split(" ")[1], text.split("\r\n\r\n")[1]];
  };
  assert.deepEqual(await ask("Content-Length: 9", "Grösse: +"), ["200", "Grösse: "]);
  assert.deepEqual(await ask("Content-Length: 9", "Gr"), ["408", "the body took too long to arrive"]);
  const chunks = "4\r\nlong\r\n".repeat(3) + "0\r\n\r\n";
  assert.deepEqual(await ask("Transfer-Encoding: chunked", chunks), ["200", "longlonglong"]);
  assert.equal((await ask("Content-Length: 9\r\nTransfer-Encoding: chunked", chunks))[0], "400");
  await server.shutdown();
});
