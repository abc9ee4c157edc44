import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { CANVAS, drawPage } from "../../../core/mnist/drawing/drawing_testing.ts";
import { PLAIN_TOOLS, prepareDrawing } from "../../../core/mnist/drawing/prepare_drawing.ts";
import { findInk } from "../../../core/mnist/drawing/ink.ts";
import { PngError, readChunks } from "../png/chunks.ts";
import { decodePng } from "../png/decode.ts";
import { concat, filteredRows, type PngSpec, writePng } from "../png/testing.ts";
import { readDrawing } from "../drawing_reader.ts";
import { CanvasReader, isCanvas } from "./canvas_reader.ts";

const RGBA = 6;
const OPAQUE = 255;

/** Checks that the fast reader and the plain one find the same ink, to the byte. */
function agree(reader: CanvasReader, spec: PngSpec, what: string) {
  const png = writePng({ ...spec, colour: RGBA });
  const chunks = readChunks(png);
  assert.ok(isCanvas(chunks));
  const { plane, strongest } = reader.read(chunks);
  const expected = findInk(decodePng(png));
  assert.equal(strongest, expected.strongest, what);
  assert.equal(plane.length, expected.plane.length, what);
  assert.equal(plane.findIndex((ink, i) => ink !== expected.plane[i]), -1, what);
}

/** Pseudorandom bytes, interrupted by stretches of `paper`. */
function noise(paper: number, alpha: (x: number, y: number) => number) {
  return (x: number, y: number, channel: number) => {
    if (channel === 3) return alpha(x, y);
    const value = Math.imul(x * 31 + y * 17 + channel * 7 + 5, 2654435761) >>> 16;
    return (value >> 8) % 3 === 0 || y % 4 === 0 ? paper : value & 255;
  };
}

Deno.test("the fast reader finds the same ink as the plain one, with every filter and at every size", () => {
  const reader = new CanvasReader();
  const filterings = [0, 1, 2, 3, 4].map((filter) => () => filter);
  filterings.push((y?: number) => (y! * 7 + 3) % 5);
  for (const [width, height] of [[1, 1], [5, 7], [16, 1], [33, 40], [1, 50], [300, 3]]) {
    for (const [i, filter] of filterings.entries()) {
      for (const paper of [255, 0, 100]) {
        const what = `${width}×${height}, filtering ${i}, paper ${paper}`;
        agree(reader, { width, height, filter, sample: noise(paper, () => OPAQUE) }, what);
        agree(reader, { width, height, filter, sample: noise(paper, () => 9) }, `${what}, alpha 9`);
        agree(reader, { width, height, filter, sample: noise(paper, (x, y) => (x * y) & 255) }, `${what}, any alpha`);
      }
    }
  }
});

Deno.test("box and column sums equal those of the plain reader, wherever the ink is and whatever the size", () => {
  const reader = new CanvasReader();
  for (
    const [width, height] of [[280, 280], [280, 281], [16, 16], [16, 61], [17, 40], [40, 17], [5, 60], [31, 9], [
      641,
      99,
    ], [20, 701]]
  ) {
    for (
      const [x0, y0, x1, y1] of [[0, 0, 1, 1], [0.3, 0.2, 0.6, 0.9], [0.97, 0.97, 1, 1], [0, 0.9, 1, 1], [
        0,
        0,
        0.03,
        1,
      ]]
    ) {
      const left = Math.floor(x0 * (width - 1)), right = Math.max(left + 1, Math.round(x1 * width));
      const top = Math.floor(y0 * (height - 1)), bottom = Math.max(top + 1, Math.round(y1 * height));
      const isInk = (x: number, y: number) => x >= left && x < right && y >= top && y < bottom;
      const sample = (x: number, y: number, c: number) => c === 3 ? OPAQUE : isInk(x, y) ? (x * 7 + y * 13) % 200 : 255;
      const { plane } = reader.read(
        readChunks(writePng({ width, height, colour: RGBA, sample, filter: (y) => y % 5 })),
      );
      const what = `${width}×${height}, ink from ${left}, ${top} to ${right}, ${bottom}`;
      const box = PLAIN_TOOLS.findBox(plane, width, 56);
      assert.deepEqual(reader.tools.findBox(plane, width, 56), box, what);
      for (const rows of [0, 1, bottom - top]) {
        const part = { ...box, bottom: box.top + rows };
        assert.deepEqual(
          [...reader.tools.columnSums(plane, width, part)],
          [...PLAIN_TOOLS.columnSums(plane, width, part)],
          `${what}, ${rows} rows`,
        );
      }
    }
  }
});

Deno.test("canvases of different sizes, opaque and transparent, are read one after the other", () => {
  const reader = new CanvasReader();
  for (const [width, height] of [[280, 280], [40, 30], [600, 500], [28, 28]]) {
    for (const paper of [[255, 255, 255, 255], [0, 0, 0, 0]]) {
      const ink = [0, 0, 200, 255];
      const page = drawPage(
        { ...CANVAS, width, height, ink, paper },
        (x, y) => Math.max(0, Math.sin(x / 9) * (y % 8)) / 7,
      );
      const sample = (x: number, y: number, c: number) => page.data[(y * width + x) * 4 + c];
      agree(reader, { width, height, sample, filter: (y) => y % 5 }, `${width}×${height}, alpha ${paper[3]}`);
    }
  }
});

Deno.test("a canvas with specks, holes or a pixel of another alpha is prepared as the plain reader prepares it", () => {
  const [width, height] = [140, 120];
  const isStroke = (x: number, y: number) => Math.abs(Math.hypot(x - 70, y - 60) - 25) < 4;
  const whole = prepareDrawing(drawPage({ ...CANVAS, width, height }, (x, y) => Number(isStroke(x, y))));
  const changes: Record<string, (x: number, y: number) => Partial<{ tone: number; alpha: number }>> = {
    "the first pixel of alpha 254": (x, y) => x + y === 0 ? { alpha: 254 } : {},
    "the last pixel transparent": (x, y) => x === width - 1 && y === height - 1 ? { alpha: 0 } : {},
    "a pixel in the stroke of alpha 254": (x, y) => x === 95 && y === 60 ? { alpha: 254 } : {},
    "a transparent margin": (x, y) => x < 8 || y > 110 ? { alpha: 0 } : {},
    "specks left and below": (x, y) => (x < 3 && y === 9) || (x === 70 && y > 117) ? { tone: 0 } : {},
    "a speck on a transparent margin": (x, y) => x < 8 ? { alpha: 0 } : x > 136 && y < 3 ? { tone: 0 } : {},
  };
  for (const [what, change] of Object.entries(changes)) {
    const sample = (x: number, y: number, c: number) => {
      const { tone = isStroke(x, y) ? 0 : 255, alpha = OPAQUE } = change(x, y);
      return c === 3 ? alpha : tone;
    };
    const png = writePng({ width, height, colour: RGBA, sample, filter: (y) => y % 5 });
    const pixels = readDrawing(png);
    assert.deepEqual(pixels, prepareDrawing(decodePng(png)), what);
    const off = pixels.reduce((sum, ink, i) => sum + Math.abs(ink - whole[i]), 0) / pixels.length;
    assert.ok(off < 1, `${what}: differs by ${off}`);
  }
});

Deno.test("a canvas with an unknown filter or of the wrong length is refused", () => {
  const reader = new CanvasReader();
  const spec: PngSpec = { width: 20, height: 10, colour: RGBA, sample: (x, y, c) => x * y + c };
  const refuses = (data: Uint8Array, why: RegExp) =>
    assert.throws(
      () => reader.read(readChunks(writePng({ ...spec, data: deflateSync(data) }))),
      (error) => error instanceof PngError && why.test(error.message),
    );
  const rows = Uint8Array.from(filteredRows(spec));
  refuses(rows.subarray(1), /too little/);
  refuses(new Uint8Array(rows.length + 1), /more picture data than/);
  for (const filter of [5, 255]) {
    rows[81] = filter;
    refuses(rows, new RegExp(`row filter ${filter}`));
  }
});

/**
 * `stream` with `count` empty blocks of fixed codes, ten bits each, inserted before its own. `count` is a multiple of
 * four.
 */
function withEmptyBlocks(stream: Uint8Array, count: number): Uint8Array {
  // Four blocks of ten bits end at a byte.
  const four = Uint8Array.of(0x02, 0x08, 0x20, 0x80, 0x00);
  const empty = new Uint8Array(5 * count / 4);
  for (let at = 0; at < empty.length; at += 5) empty.set(four, at);
  return concat(stream.subarray(0, 2), empty, stream.subarray(2));
}

Deno.test("a canvas with thousands of empty blocks is read quickly", () => {
  const spec: PngSpec = {
    width: 40,
    height: 40,
    colour: RGBA,
    sample: (x, y, c) => c === 3 ? OPAQUE : x === y ? 0 : 255,
  };
  const expected = readDrawing(writePng(spec));
  const data = withEmptyBlocks(deflateSync(filteredRows(spec)), 4096);
  for (const png of [writePng({ ...spec, data }), writePng({ ...spec, data: withEmptyBlocks(data, 8192) })]) {
    assert.ok(isCanvas(readChunks(png)));
    const began = performance.now();
    assert.deepEqual(readDrawing(png), expected);
    assert.ok(performance.now() - began < 100);
  }
});

Deno.test("only 8-bit RGBA without interlacing counts as a canvas", () => {
  const isCanvasFile = (spec: Partial<PngSpec>) => isCanvas(readChunks(writePng({ width: 2, height: 2, ...spec })));
  assert.ok(isCanvasFile({ colour: RGBA }));
  for (const spec of [{ colour: 2 }, { colour: RGBA, depth: 16 }, { colour: RGBA, interlace: 1 }, { colour: 4 }, {}]) {
    assert.ok(!isCanvasFile(spec));
  }
});
