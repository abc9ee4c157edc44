import fc from "fast-check";
import { crc32 } from "node:zlib";
import { damaged, fuzz } from "../../core/testing/fuzz.ts";
import { chunk, concat, filteredRows, header, type PngSpec, SIGNATURE, writePng } from "./png/testing.ts";
import { DrawingError, readDrawing } from "./drawing_reader.ts";

const shapes: PngSpec[] = [
  { width: 20, height: 24, colour: 0, sample: (x, y) => x === y ? 0 : 255 },
  {
    width: 30,
    height: 20,
    colour: 6,
    sample: (x, y, c) => c === 3 ? (x > 9 && x < 14 ? 255 : 0) : y & 7,
    filter: (y) => y % 5,
  },
  { width: 17, height: 9, colour: 2, depth: 16, sample: (x, y) => x * y * 300, interlace: 1 },
  {
    width: 16,
    height: 16,
    colour: 3,
    depth: 2,
    sample: (x) => x & 3,
    before: [chunk("PLTE", new Uint8Array(12).fill(90, 3))],
  },
];
const drawings = shapes.map(writePng);

/** Corrects the checksums of all chunks it can find, so that their contents are read. */
function correctChecksums(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(png), view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    view.setUint32(end - 4, crc32(bytes.subarray(at + 4, end - 4)));
    at = end;
  }
  return bytes;
}

Deno.test("a damaged drawing is read or refused with a message", async () => {
  await fuzz(damaged(drawings), readDrawing, DrawingError);
});

Deno.test("a damaged drawing with correct checksums is read or refused with a message", async () => {
  await fuzz(damaged(drawings).map(correctChecksums), readDrawing, DrawingError);
});

/** A zlib stream of one stored block (RFC 1950, RFC 1951); compressing each input would take most of the time. */
function stored(bytes: Uint8Array): Uint8Array {
  let a = 1, b = 0;
  for (const byte of bytes) b = (b + (a = (a + byte) % 65521)) % 65521;
  const { length } = bytes;
  const head = Uint8Array.of(0x78, 0x01, 1, length, length >> 8, ~length, ~length >> 8);
  return concat(head, bytes, Uint8Array.of(b >> 8, b, a >> 8, a));
}

Deno.test("damaged rows in a sound PNG and zlib stream are read or refused with a message", async () => {
  const files = shapes.map((shape) =>
    damaged([filteredRows(shape)]).map((rows) =>
      concat(SIGNATURE, header(shape), ...shape.before ?? [], chunk("IDAT", stored(rows)), chunk("IEND"))
    )
  );
  await fuzz(fc.oneof(...files), readDrawing, DrawingError);
});
