/** Hostile pictures: each is refused at once, with a short message. */
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { chunk, concat, filteredRows, header, SIGNATURE, word, writePng } from "./png/testing.ts";
import { DrawingError, readDrawing } from "./drawing_reader.ts";

const MAX_MS = 1000;
const CANVAS = { width: 40, height: 40, colour: 6, sample: (x: number, y: number, c: number) => c === 3 ? 255 : x ^ y };
const PNG = writePng(CANVAS);
const ROWS = filteredRows(CANVAS);
const EMPTY = new Uint8Array(0);
const text = (value: string) => new TextEncoder().encode(value);
/** A canvas with other picture data. */
const withRows = (rows: Uint8Array) => writePng({ ...CANVAS, data: deflateSync(rows) });
const withByte = (bytes: Uint8Array, at: number, value: number) => Uint8Array.from(bytes).with(at, value);
const huge = { width: 2048, height: 2048, colour: 6 };

const CORPUS: Record<string, [png: Uint8Array, told: RegExp]> = {
  "nothing": [EMPTY, /not a PNG/],
  "a signature alone": [SIGNATURE, /ends too early/],
  "a picture cut in its data": [PNG.subarray(0, PNG.length >> 1), /ends too early/],
  "a picture cut before its last chunk": [PNG.subarray(0, -12), /ends too early/],
  "a chunk that says it has four gigabytes": [
    concat(SIGNATURE, header(CANVAS), word(2 ** 32 - 1), text("IDAT")),
    /ends too early/,
  ],
  "a header of a gigapixel": [writePng({ ...huge, width: 2 ** 31, data: EMPTY }), /at most 2048×2048/],
  "the largest picture in nine bytes": [writePng({ ...huge, data: deflateSync(new Uint8Array(9)) }), /too little/],
  "the largest picture, inflated to four times itself": [
    writePng({ ...huge, data: deflateSync(new Uint8Array(2 ** 26)) }),
    /more picture data than pixels/,
  ],
  "one pixel too few": [withRows(ROWS.subarray(0, -4)), /too little/],
  "one byte too many": [withRows(concat(ROWS, Uint8Array.of(0))), /more picture data/],
  "a filter that does not exist, in the last row": [withRows(withByte(ROWS, 161 * 39, 5)), /row filter 5/],
  "a filter of 255": [withRows(withByte(ROWS, 0, 255)), /row filter 255/],
  "a wrong checksum of the data": [
    withByte(PNG, PNG.length - 13, PNG.at(-13)! ^ 1),
    /wrong checksum of its chunk "IDAT"/,
  ],
  "a wrong checksum inside zlib": [
    writePng({ ...CANVAS, data: withByte(deflateSync(ROWS), deflateSync(ROWS).length - 1, 0) }),
    /cannot be decompressed/,
  ],
  "a dictionary that nobody has": [
    writePng({ ...CANVAS, data: Uint8Array.of(0x78, 0xbb, 0, 0, 0, 1) }),
    /PNG is damaged/,
  ],
  "twenty thousand empty chunks": [
    concat(SIGNATURE, header(CANVAS), ...new Array(20_001).fill(chunk("IDAT"))),
    /more than 20000 chunks/,
  ],
  "a type of control characters": [
    writePng({ ...CANVAS, before: [chunk("\0\n\r\x1b")] }),
    /chunk "\?\?\?\?"/,
  ],
  "a palette of 257 colours": [
    writePng({ width: 9, height: 9, colour: 3, before: [chunk("PLTE", new Uint8Array(771))] }),
    /palette of the wrong size/,
  ],
  "a page of one tone": [writePng({ width: 2048, height: 1 }), /draw a digit first/i],
};

for (const [name, [png, told]] of Object.entries(CORPUS)) {
  Deno.test(`refused in words, at once: ${name}`, () => {
    const start = performance.now();
    assert.throws(() => readDrawing(png), (error: unknown) => {
      assert.ok(error instanceof DrawingError, `threw ${error}`);
      assert.match(error.message, told);
      assert.ok(error.message.length < 300, `a message of ${error.message.length} characters`);
      return true;
    });
    assert.ok(performance.now() - start < MAX_MS);
  });
}
