import assert from "node:assert/strict";
import { paperOf } from "./ink.ts";
import type { Raster } from "./raster.ts";

/** Pictures with few colours, so that sometimes one colour covers most of the border. */
function drawPicture(width: number, height: number, channels: 3 | 4, colours: number, random: () => number): Raster {
  const tones = Array.from({ length: colours * channels }, () => Math.floor(256 * random()));
  const data = new Uint8Array(width * height * channels);
  for (let at = 0; at < data.length; at += channels) {
    const colour = Math.floor(colours * random() ** 2);
    for (let channel = 0; channel < channels; channel++) data[at + channel] = tones[colour * channels + channel];
  }
  return { width, height, channels, data };
}

/** The median of a channel on the border by sorting, corners twice. */
function middle({ width, height, channels, data }: Raster, channel: number): number {
  const tone = (x: number, y: number) => data[(y * width + x) * channels + channel];
  const rows = Array.from({ length: width }, (_, x) => [tone(x, 0), tone(x, height - 1)]);
  const columns = Array.from({ length: height }, (_, y) => [tone(0, y), tone(width - 1, y)]);
  return [...rows, ...columns].flat().sort((a, b) => a - b)[width + height - 1];
}

Deno.test("paper is the median of the border in each channel, whether or not one colour covers most of it", () => {
  let state = 7, mostly = 0;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 2000; i++) {
    const size = () => 1 + Math.floor(12 * random());
    const image = drawPicture(size(), size(), i % 2 === 0 ? 3 : 4, 1 + i % 4, random);
    const expected = [0, 1, 2].map((channel) => middle(image, channel));
    assert.deepEqual([...paperOf(image)], expected, `picture ${i} of ${image.width} × ${image.height}`);
    if (expected.every((tone, channel) => tone === image.data[channel])) mostly++;
  }
  assert.ok(mostly > 200 && mostly < 1800, `${mostly} pictures begin with their paper`);
});
