/** Finds the ink in a picture, whatever the colours of ink and paper. */
import { findInkByAlpha } from "./alpha.ts";
import type { Ink, Raster } from "./raster.ts";

export type { Ink } from "./raster.ts";

/** 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Separates ink from paper. Paper is the median colour of the border, and a pixel's ink is its largest distance from
 * paper in any channel, so dark on light, light on dark and colours of equal brightness all work. Where alpha varies,
 * it may be the ink instead (see `findInkByAlpha`).
 */
export function findInk(image: Raster): Ink {
  // Using a single type of array keeps the loops below fast.
  const data = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);
  const paper = (channel: number) => borderMedian(image, channel);
  switch (image.channels) {
    case 1:
      return inkOfChannel(data, 1, 0, paper(0));
    case 2:
      return varies(data, 2, 1) ? findInkByAlpha({ ...image, data }) : inkOfChannel(data, 2, 0, paper(0));
    case 3:
      return inkOfRgb(data, paperOf(image));
    case 4:
      return inkOfRgba(data, paperOf(image)) ?? findInkByAlpha({ ...image, data });
  }
}

/** The colour of the paper in an RGB or RGBA picture: the median of its border in each channel. */
export function paperOf(image: Raster): Colour {
  // A colour that covers more than half of the border is its median, and most borders have one colour.
  const [red, green, blue] = image.data;
  const count = countOnBorder(image, [red, green, blue]);
  if (count > image.width + image.height) return [red, green, blue];
  return [borderMedian(image, 0), borderMedian(image, 1), borderMedian(image, 2)];
}

function countOnBorder(image: Raster, [red, green, blue]: Colour): number {
  const { data } = image;
  let count = 0;
  eachOnBorder(image, (at) => {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
  });
  return count;
}

/** Calls `look` with the offset of each outermost pixel, twice for those in the corners. */
function eachOnBorder({ width, height, channels }: Raster, look: (at: number) => void): void {
  const row = width * channels;
  for (let x = 0; x < row; x += channels) {
    look(x);
    look((height - 1) * row + x);
  }
  for (let y = 0; y < height * row; y += row) {
    look(y);
    look(y + row - channels);
  }
}

function varies(data: Uint8Array, channels: number, channel: number): boolean {
  const first = data[channel];
  for (let at = channel; at < data.length; at += channels) {
    if (data[at] !== first) return true;
  }
  return false;
}

/** The median of one channel over the outermost pixels. */
function borderMedian(image: Raster, channel: number): number {
  const { width, height, data } = image;
  const counts = new Uint32Array(256);
  eachOnBorder(image, (at) => counts[data[at + channel]]++);
  const half = width + height;
  let tone = 0;
  for (let seen = counts[0]; seen < half; seen += counts[tone]) tone++;
  return tone;
}

function inkOfChannel(data: Uint8Array, channels: number, channel: number, paper: number): Ink {
  const plane = new Uint8Array(data.length / channels);
  let strongest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) {
    const ink = Math.abs(data[pixel * channels + channel] - paper);
    plane[pixel] = ink;
    if (ink > strongest) strongest = ink;
  }
  return { plane, strongest };
}

function inkOfRgb(data: Uint8Array, [red, green, blue]: Colour): Ink {
  const plane = new Uint8Array(data.length / 3);
  let strongest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) {
    const at = pixel * 3;
    const ink = Math.max(Math.abs(data[at] - red), Math.abs(data[at + 1] - green), Math.abs(data[at + 2] - blue));
    plane[pixel] = ink;
    if (ink > strongest) strongest = ink;
  }
  return { plane, strongest };
}

/**
 * The most common case, because a canvas is RGBA. Most of it is paper, so four samples are compared at once. Returns
 * undefined as soon as alpha varies.
 */
function inkOfRgba(samples: Uint8Array, [red, green, blue]: Colour): Ink | undefined {
  const data = samples.byteOffset % 4 === 0 ? samples : samples.slice();
  const plane = new Uint8Array(data.length / 4);
  const words = new Int32Array(data.buffer, data.byteOffset, plane.length);
  const alpha = data[3];
  const paperWord = wordOf(red, green, blue, alpha);
  let strongest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) {
    if (words[pixel] === paperWord) continue;
    const at = pixel * 4;
    if (data[at + 3] !== alpha) return undefined;
    const ink = Math.max(Math.abs(data[at] - red), Math.abs(data[at + 1] - green), Math.abs(data[at + 2] - blue));
    plane[pixel] = ink;
    if (ink > strongest) strongest = ink;
  }
  return { plane, strongest };
}

/** Four bytes as a word in this machine's byte order. */
function wordOf(...bytes: [number, number, number, number]): number {
  return new Int32Array(Uint8Array.from(bytes).buffer)[0];
}
