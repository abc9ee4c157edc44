import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { decodePng } from "./decode.ts";
import { PngError } from "./chunks.ts";
import { chunk, concat, filteredRows, header, SIGNATURE, writePng } from "./testing.ts";

const sound = { width: 20, height: 10, colour: 2, sample: (x: number, y: number) => x * 9 + y };
const soundPng = writePng(sound);

function refuses(png: Uint8Array, why: RegExp) {
  assert.throws(() => decodePng(png), (error) => error instanceof PngError && why.test(error.message));
}

Deno.test("a file truncated anywhere is refused", () => {
  for (let length = 0; length < soundPng.length; length++) refuses(soundPng.subarray(0, length), /PNG/);
});

Deno.test("a file with any single byte changed is refused", () => {
  for (let i = 0; i < soundPng.length; i++) {
    const damaged = soundPng.slice();
    damaged[i] ^= 0x21;
    refuses(damaged, /PNG/);
  }
});

Deno.test("a file that is not a PNG is refused", () => {
  refuses(new TextEncoder().encode("GIF89a and so on"), /not a PNG/);
  refuses(concat(SIGNATURE, chunk("IDAT"), chunk("IEND")), /does not begin with its header/);
  refuses(concat(SIGNATURE, header(sound), chunk("IEND")), /no picture data/);
  refuses(writePng({ ...sound, before: [chunk("ABCD")] }), /chunk "ABCD"/);
  refuses(writePng({ ...sound, before: [header(sound)] }), /chunk "IHDR"/);
});

Deno.test("a size or kind that PNG or the lab does not know is refused", () => {
  refuses(writePng({ width: 2049, height: 1 }), /2049×1 pixels, at most 2048×2048/);
  refuses(writePng({ width: 1, height: 2 ** 31, data: new Uint8Array(9) }), /at most/);
  refuses(writePng({ width: 0, height: 5 }), /no pixels/);
  refuses(writePng({ width: 5, height: 0 }), /no pixels/);
  for (const [colour, depth] of [[0, 3], [2, 4], [3, 16], [4, 1], [6, 0], [1, 8], [7, 8]]) {
    refuses(writePng({ width: 1, height: 1, colour, depth, data: new Uint8Array(9) }), /does not know/);
  }
  refuses(writePng({ ...sound, interlace: 2 }), /does not know/);
});

Deno.test("inflating stops if a picture has more data than pixels", () => {
  const bomb = deflateSync(new Uint8Array(256 * 1024 * 1024), { level: 9 });
  const started = performance.now();
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 5; i++) refuses(writePng({ width: 2048, height: 2048, data: bomb }), /more picture data than/);
  assert.ok(performance.now() - started < 2000);
  assert.ok(Deno.memoryUsage().rss - before < 128 * 1024 * 1024);
});

Deno.test("a picture with too little data is refused, and if it is far too little, before memory is allocated", () => {
  const rows = filteredRows(sound);
  refuses(writePng({ ...sound, data: deflateSync(rows.subarray(1)) }), /too little/);
  refuses(writePng({ width: 2048, height: 2048, colour: 6, depth: 16, data: deflateSync(rows) }), /too little/);
  refuses(writePng({ ...sound, data: new Uint8Array(50) }), /cannot be decompressed/);
});

Deno.test("rows with a filter that does not exist are refused", () => {
  const rows = filteredRows(sound);
  rows[0] = 5;
  refuses(writePng({ ...sound, data: deflateSync(rows) }), /row filter 5/);
});

Deno.test("a palette must be present, of the right size, and have every colour that is used", () => {
  const indexed = { width: 2, height: 2, colour: 3, sample: (x: number) => x };
  const palette = (length: number) => chunk("PLTE", new Uint8Array(length));
  refuses(writePng(indexed), /no palette/);
  for (const length of [0, 4, 771]) refuses(writePng({ ...indexed, before: [palette(length)] }), /wrong size/);
  refuses(writePng({ ...indexed, before: [palette(6), palette(6)] }), /wrong place/);
  refuses(writePng({ ...indexed, before: [palette(3)] }), /uses colour 1, its palette has 1/);
  refuses(writePng({ ...indexed, before: [palette(6), chunk("tRNS", new Uint8Array(3))] }), /more transparent/);
  refuses(writePng({ ...sound, before: [chunk("tRNS", new Uint8Array(2))] }), /wrong size/);
});

Deno.test("a file with too many chunks is refused", () => {
  const chunks = Array.from({ length: 20_001 }, () => chunk("IDAT"));
  refuses(concat(SIGNATURE, header(sound), ...chunks), /more than 20000 chunks/);
});
