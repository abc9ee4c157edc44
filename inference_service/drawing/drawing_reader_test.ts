import assert from "node:assert/strict";
import { encode } from "fast-png";
import type { Raster } from "../../core/mnist/drawing/raster.ts";
import { HttpError } from "../../service/http/errors.ts";
import { DrawingError, DrawingReader, readDrawing } from "./drawing_reader.ts";
import { stroke } from "../testing.ts";

const LARGE = 1200;

function png({ width, height, channels, data }: Raster): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode({ width, height, channels, data: new Uint8Array(data) }));
}

/** The largest drawing that is accepted, in the slowest kind of file: every row filtered, 8 bytes per pixel. */
function slowest(): Uint8Array<ArrayBuffer> {
  const side = 2048;
  const data = new Uint16Array(side * side * 4).fill(65535);
  for (let y = 500; y < 1500; y++) data.fill(0, (y * side + 1000) * 4, (y * side + 1040) * 4);
  for (let i = 3; i < data.length; i += 4) data[i] = 65535;
  return new Uint8Array(encode({ width: side, height: side, channels: 4, depth: 16, data }));
}

Deno.test("a large drawing is read like a small one, and small drawings do not wait for it", async () => {
  const reader = new DrawingReader();
  const largeFile = slowest();
  const expected = readDrawing(largeFile);
  const smallFile = png(stroke());
  const answered: string[] = [];
  const large = reader.read(largeFile).finally(() => answered.push("large"));
  const small = reader.read(smallFile).finally(() => answered.push("small"));
  assert.deepEqual(await large, expected);
  assert.deepEqual(await small, readDrawing(png(stroke())));
  assert.deepEqual(answered, ["small", "large"]);
  reader.close();
});

Deno.test("a drawing counts as large because of its pixels or its file", async () => {
  const broken = new URL("data:application/javascript,onmessage = () => { throw new Error('too large') }");
  const reader = new DrawingReader({ script: broken });
  const file = new Uint8Array(2 * 1024 * 1024);
  file.set(png(stroke()));
  for (const large of [png(stroke(LARGE, LARGE)), file]) await assert.rejects(reader.read(large), /too large/);
  await reader.read(png(stroke(1000, 1000)));
  reader.close();
});

Deno.test("a bad large drawing is refused like a small one", async () => {
  const reader = new DrawingReader();
  const blank = png({ width: LARGE, height: LARGE, channels: 1, data: new Uint8Array(LARGE * LARGE) });
  const damaged = png(stroke(LARGE, LARGE));
  damaged[40] ^= 1;
  await assert.rejects(reader.read(blank), (error) => error instanceof DrawingError && /blank/.test(error.message));
  await assert.rejects(
    reader.read(damaged),
    (error) => error instanceof DrawingError && /image_data: .*damaged/.test(error.message),
  );
  reader.close();
});

Deno.test("an idle worker is closed, because it keeps the memory of its drawings, and the next drawing gets another", async () => {
  const answer = "const pixels = Math.random(); onmessage = () => postMessage({ answer: { pixels } })";
  const script = new URL(`data:application/javascript,${encodeURIComponent(answer)}`);
  for (const [idleMs, isKept] of [[0, false], [60_000, true]] as const) {
    const reader = new DrawingReader({ idleMs, script });
    const first = await reader.read(png(stroke(LARGE, LARGE)));
    // Timers go off in order.
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await reader.read(png(stroke(LARGE, LARGE))) === first, isKept);
    reader.close();
  }
});

Deno.test("large drawings beyond the limit are refused, but small ones are not", async () => {
  const reader = new DrawingReader({ maxWaiting: 2 });
  const file = png(stroke(LARGE, LARGE));
  const taken = Array.from({ length: 3 }, () => reader.read(file.slice()));
  await assert.rejects(reader.read(file.slice()), (error) => error instanceof HttpError && error.status === 503);
  await reader.read(png(stroke()));
  await Promise.all(taken);
  await reader.read(file.slice());
  reader.close();
});

Deno.test("if the worker crashes, no request is left waiting, and the next drawing gets a new worker", async () => {
  // Crashes at its second drawing.
  const script = new URL(
    "data:application/javascript,let n = 0; onmessage = () => " +
      "{ if (n++) throw new Error('no memory'); postMessage({ answer: { pixels: new Uint8Array(784) } }) }",
  );
  const reader = new DrawingReader({ script });
  const read = () => reader.read(png(stroke(LARGE, LARGE)));
  for (let worker = 0; worker < 2; worker++) {
    await read();
    const broken = await Promise.allSettled([read(), read()]);
    assert.deepEqual(broken.map(({ status }) => status), ["rejected", "rejected"]);
  }
  reader.close();
});

Deno.test("closing refuses drawings that have not been read yet", async () => {
  const reader = new DrawingReader();
  const given = reader.read(png(stroke(LARGE, LARGE)));
  reader.close();
  await assert.rejects(given, /shutting down/);
});
