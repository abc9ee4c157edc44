import { crc32, deflateSync, inflateSync } from "node:zlib";
import { damaged, fuzz } from "../core/testing/fuzz.ts";
import { chunk, concat, filteredRows, header, type PngSpec, SIGNATURE, writePng } from "./png/testing.ts";
import { DrawingError, readDrawing } from "./read_drawing.ts";

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

/** Sets the sums of all chunks right, as far as chunks can be found, so that what is in them is looked at. */
function mendSums(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(png), view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    view.setUint32(end - 4, crc32(bytes.subarray(at + 4, end - 4)));
    at = end;
  }
  return bytes;
}

Deno.test("a damaged drawing is read or refused in words", () => {
  fuzz(damaged(drawings), readDrawing, DrawingError);
});

Deno.test("a drawing whose sums are right, but nothing else has to be, is read or refused in words", () => {
  fuzz(damaged(drawings).map(mendSums), readDrawing, DrawingError);
});

for (const [i, shape] of shapes.entries()) {
  Deno.test(`damaged rows behind a sound header and sound zlib are read or refused in words (${i + 1})`, () => {
    const rows = inflateSync(deflateSync(filteredRows(shape)));
    const file = damaged([new Uint8Array(rows)]).map((rows) =>
      concat(SIGNATURE, header(shape), ...shape.before ?? [], chunk("IDAT", deflateSync(rows)), chunk("IEND"))
    );
    fuzz(file, readDrawing, DrawingError);
  });
}
