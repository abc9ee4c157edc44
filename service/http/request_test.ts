import assert from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import { HttpServer } from "./server/http_server.ts";
import { HttpError } from "./errors.ts";
import { type BodyLimits, readBytes, readText } from "./request.ts";

const limits: BodyLimits = { maxBytes: 2 ** 20, deadlineMs: 5000 };

function requestOf(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

async function statusOf(request: Request, overrides = {}): Promise<number> {
  try {
    await readBytes(request, { ...limits, ...overrides });
    return 200;
  } catch (error) {
    assert.ok(error instanceof HttpError);
    return error.status;
  }
}

Deno.test("a body arrives complete, in however many chunks it comes", async () => {
  const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  const bytes = await readBytes(requestOf(ReadableStream.from(pieces)), limits);
  assert.deepEqual(bytes, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await readBytes(requestOf(null), limits), new Uint8Array(0));
});

Deno.test("a body that is too large is refused because of its declared length, or as soon as it is longer", async () => {
  assert.equal(await statusOf(requestOf("x", { "content-length": String(2 ** 20 + 1) })), 413);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent++;
      controller.enqueue(new Uint8Array(2 ** 18));
    },
  });
  assert.equal(await statusOf(requestOf(endless)), 413);
  assert.ok(sent < 20, `${sent} pieces were taken`);
  assert.equal(await statusOf(requestOf(new Uint8Array(2 ** 20))), 200);
});

Deno.test("a body that is late or cut short is refused", async () => {
  const silent = new ReadableStream<Uint8Array>({});
  assert.equal(await statusOf(requestOf(silent), { deadlineMs: 20 }), 408);
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("gone")) });
  assert.equal(await statusOf(requestOf(broken)), 400);
});

/** Room for one body of 600 bytes, not for two. */
const NARROW: BodyLimits = { maxBytes: 1024, heldBytes: 1000, deadlineMs: 60_000 };

/** A request whose body of `bytes` bytes ends once `rest` is settled. It declares its length, as clients do. */
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

Deno.test("text is decoded across chunks that split its characters", async () => {
  const bytes = new TextEncoder().encode("Größe: 28×28");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  assert.equal(await readText(request, NARROW), "Größe: 28×28");
  assert.equal(await readText(new Request("http://localhost/", { method: "POST" }), NARROW), "");
});

Deno.test("a small body that never ends is refused after the deadline, like a large one", async () => {
  await assert.rejects(readText(slowRequest(10), { ...NARROW, deadlineMs: 20 }), isStatus(408));
});

Deno.test("small bodies count together until they are read", async () => {
  const rest = Promise.withResolvers<void>();
  const first = readText(slowRequest(600, rest.promise), NARROW);
  await assert.rejects(readText(slowRequest(600), NARROW), isStatus(503));
  rest.resolve();
  assert.equal((await first).length, 600);
  assert.equal((await readText(slowRequest(600, rest.promise), NARROW)).length, 600);
});

Deno.test("a small body that is cut short is refused", async () => {
  await assert.rejects(readText(slowRequest(10, Promise.reject(new Error("reset"))), NARROW), isStatus(400));
});

Deno.test("over a socket, a small body is read to its declared length, and refused if it stalls or declares two lengths", async () => {
  const limits: BodyLimits = { maxBytes: 2 ** 20, heldBytes: 1e6, deadlineMs: 100 };
  const answer = (request: Request) =>
    readText(request, limits).then(
      (text) => new Response(text),
      (error) => new Response(error.message, { status: error instanceof HttpError ? error.status : 500 }),
    );
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, answer);
  /** Status and body of the answer, which fits into one read. */
  const ask = async (head: string, body: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const request = `POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n${body}`;
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(1024);
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

Deno.test("a compressed body is decoded within the same limits", async () => {
  const text = "Größe ".repeat(1000), bomb = new Uint8Array(64 * 2 ** 20);
  for (const [encoding, compress] of [["gzip", gzipSync], ["deflate", deflateSync]] as const) {
    const encoded = (content: string | Uint8Array, cut = Infinity, name: string = encoding) =>
      requestOf(new Uint8Array(compress(content).subarray(0, cut)), { "content-encoding": name });
    assert.equal(await readText(encoded(text), limits), text);
    assert.equal(await readText(encoded(text, Infinity, encoding.toUpperCase()), limits), text);
    assert.equal(await statusOf(encoded(bomb)), 413, `${encoding}, 64 MiB`);
    assert.equal(await statusOf(encoded(text), { heldBytes: 3000 }), 503);
    assert.equal(await statusOf(encoded(text, 12)), 400, `${encoding}, cut short`);
    await assert.rejects(readText(requestOf("{} is plain JSON", { "content-encoding": encoding }), limits), {
      status: 400,
      message: `the body cannot be decoded as ${encoding}`,
    });
  }
  assert.equal(await readText(requestOf("plain", { "content-encoding": "identity" }), limits), "plain");
  for (const encoding of ["br", "zstd", "compress", "gzip, gzip"]) {
    await assert.rejects(readText(requestOf("x", { "content-encoding": encoding }), limits), {
      status: 415,
      message: /Content-Encoding.*gzip or deflate/,
    });
  }
});
