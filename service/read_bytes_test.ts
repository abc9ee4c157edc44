import assert from "node:assert/strict";
import { HttpError } from "./errors.ts";
import { readBytes } from "./read_bytes.ts";

const limits = { bytes: 2 ** 20, deadlineMs: 5000 };

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

Deno.test("a body arrives whole, in however many pieces it comes", async () => {
  const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  const bytes = await readBytes(requestOf(ReadableStream.from(pieces)), limits);
  assert.deepEqual(bytes, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await readBytes(requestOf(null), limits), new Uint8Array(0));
});

Deno.test("a body that is too large is refused before it is read, or as soon as it shows", async () => {
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

Deno.test("a body that does not come in time, or breaks off, is told so", async () => {
  const silent = new ReadableStream<Uint8Array>({});
  assert.equal(await statusOf(requestOf(silent), { deadlineMs: 20 }), 408);
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("gone")) });
  assert.equal(await statusOf(requestOf(broken)), 400);
});
