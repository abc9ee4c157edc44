import assert from "node:assert/strict";
import { channelOf, divergingPixels, parseHex, rampPixels, type Rgb } from "./pixel_grid.tsx";

const white: Rgb = [255, 255, 255], blue: Rgb = [0, 0, 255], red: Rgb = [255, 0, 0];
const colours = { positive: blue, zero: white, negative: red };

Deno.test("each sign has its colour, full for the largest magnitude, and zero has the colour of paper", () => {
  const pixels = divergingPixels([2, 0, -0.5], colours);
  assert.deepEqual([...pixels], [0, 0, 255, 255, 255, 255, 255, 255, 255, 128, 128, 255]);
  assert.deepEqual([...divergingPixels([0], colours)], [255, 255, 255, 255]);
});

Deno.test("a ramp runs from zero to the largest value, and is clamped at its scale", () => {
  assert.deepEqual([...rampPixels([0, 4, 2], white, blue)].filter((_, i) => i % 4 === 0), [255, 0, 128]);
  assert.deepEqual([...rampPixels([9], white, blue, 3)], [0, 0, 255, 255]);
  assert.deepEqual([...rampPixels([0], white, blue)], [255, 255, 255, 255]);
});

Deno.test("one of several interleaved channels is extracted", () => {
  assert.deepEqual([...channelOf(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 1)], [2, 5]);
  assert.deepEqual(parseHex(" #2550d8"), [0x25, 0x50, 0xd8]);
});
