import assert from "node:assert/strict";
import { unfilter } from "./unfilter.ts";

const PIXEL_BYTES = 4;

/** Bytes of rows as a file has them, each with the filter that `filterOf` gives; most like their neighbours, as on paper. */
function filteredRows(rows: number, rowBytes: number, filterOf: (row: number) => number): Uint8Array {
  let state = 7;
  const random = () => (state = state * 48271 % 2147483647);
  return Uint8Array.from({ length: rows * (1 + rowBytes) }, (_, i) => {
    if (i % (1 + rowBytes) === 0) return filterOf(Math.floor(i / (1 + rowBytes)));
    return random() % 3 === 0 ? random() % 256 : 0;
  });
}

Deno.test("rows undone a word at a time are those undone a byte at a time", () => {
  const rows = 40, width = 33, rowBytes = width * PIXEL_BYTES;
  const filterings: ((row: number) => number)[] = [(row) => row % 5, (row) => (row * 7 + 3) % 11 % 5];
  for (let filter = 0; filter < 5; filter++) filterings.push(() => filter);
  for (const [i, filterOf] of filterings.entries()) {
    const filtered = filteredRows(rows, rowBytes, filterOf);
    // Where rows do not begin at words, they are undone by bytes.
    const shifted = new Uint8Array(1 + filtered.length);
    shifted.set(filtered, 1);
    const byBytes = unfilter(shifted, 1, rows, rowBytes, PIXEL_BYTES);
    const byWords = unfilter(filtered, 0, rows, rowBytes, PIXEL_BYTES);
    assert.equal(byWords.length, rows * rowBytes);
    assert.equal(byWords.findIndex((byte, at) => byte !== byBytes[at]), -1, `filtering ${i}`);
  }
});
