import assert from "node:assert/strict";
import { encode } from "fast-png";
import { decodePng } from "./decode.ts";
import { chunk, type PngSpec, word, writePng } from "./testing.ts";

const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };
const noise = (x: number, y: number, channel: number) =>
  Math.imul(x * 31 + y * 17 + channel * 7 + 5, 2654435761) >>> 16;

/** The expected samples of a decoded picture, reduced to 8 bits by `to8`. */
function samples(spec: PngSpec, to8: (value: number) => number): number[] {
  const values: number[] = [];
  for (let y = 0; y < spec.height; y++) {
    for (let x = 0; x < spec.width; x++) {
      for (let c = 0; c < SAMPLES[spec.colour ?? 0]; c++) values.push(to8(spec.sample!(x, y, c)));
    }
  }
  return values;
}

Deno.test("every colour type is read at every depth, interlaced or not, with every filter", () => {
  for (const interlace of [0, 1]) {
    for (const [colour, depths] of [[0, [1, 2, 4, 8, 16]], [2, [8, 16]], [4, [8, 16]], [6, [8, 16]]] as const) {
      for (const depth of depths) {
        for (const [width, height] of [[1, 1], [5, 7], [13, 10], [3, 1], [1, 9]]) {
          const sample = (x: number, y: number, c: number) => noise(x, y, c) % 2 ** depth;
          const spec: PngSpec = { width, height, depth, colour, interlace, sample, filter: (y) => (y + 4) % 5 };
          const { data, channels, ...size } = decodePng(writePng(spec));
          assert.deepEqual(size, { width, height });
          assert.equal(channels, SAMPLES[colour]);
          const to8 = (value: number) => depth === 16 ? value >> 8 : value * 255 / (2 ** depth - 1);
          assert.deepEqual([...data], samples(spec, to8), `colour ${colour}, ${depth} bits, interlace ${interlace}`);
        }
      }
    }
  }
});

Deno.test("files written by fast-png are read back", () => {
  for (const channels of [1, 2, 3, 4] as const) {
    const data = Uint8Array.from({ length: 40 * 30 * channels }, (_, i) => noise(i, i >> 5, 0) & 255);
    for (const interlace of ["null", "Adam7"] as const) {
      const png = encode({ width: 40, height: 30, channels, data }, { interlace });
      assert.deepEqual(decodePng(png), { width: 40, height: 30, channels, data });
    }
  }
});

const palette = chunk("PLTE", Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255));

Deno.test("a palette gives colours, and alpha if it has any", () => {
  for (const depth of [2, 4, 8]) {
    const spec = { width: 3, height: 1, depth, colour: 3, sample: (x: number) => x };
    const plain = decodePng(writePng({ ...spec, before: [palette] }));
    assert.deepEqual([plain.channels, ...plain.data], [3, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    const alpha = decodePng(writePng({ ...spec, before: [palette, chunk("tRNS", Uint8Array.of(0, 99))] }));
    assert.deepEqual([alpha.channels, ...alpha.data], [4, 255, 0, 0, 0, 0, 255, 0, 99, 0, 0, 255, 255]);
  }
});

Deno.test("the transparent colour of a greyscale or RGB picture has alpha 0", () => {
  for (
    const [depth, data] of [[2, [0, 255, 85, 255, 170, 0, 255, 255]], [8, [0, 255, 1, 255, 2, 0, 3, 255]]] as const
  ) {
    const spec = { width: 4, height: 1, depth, sample: (x: number) => x };
    const grey = decodePng(writePng({ ...spec, before: [chunk("tRNS", Uint8Array.of(0, 2))] }));
    assert.deepEqual([grey.channels, ...grey.data], [2, ...data]);
  }
  const key = chunk("tRNS", Uint8Array.of(1, 2, 1, 2, 1, 2));
  const sample = (x: number) => x === 0 ? 0x0102 : 0x0103;
  const rgb = decodePng(writePng({ width: 2, height: 1, depth: 16, colour: 2, sample, before: [key] }));
  assert.deepEqual([rgb.channels, ...rgb.data], [4, 1, 1, 1, 0, 1, 1, 1, 255]);
});

Deno.test("text, profiles and the frames of an animation are skipped", () => {
  const frames = [chunk("acTL", word(2)), chunk("fcTL", new Uint8Array(26)), chunk("fdAT", new Uint8Array(50))];
  const extras = [chunk("iCCP", new Uint8Array(90)), chunk("zTXt", new Uint8Array(80)), chunk("gAMA", word(45455))];
  const png = writePng({ width: 2, height: 1, sample: (x) => x, before: [...extras, ...frames] });
  assert.deepEqual([...decodePng(png).data], [0, 1]);
});
