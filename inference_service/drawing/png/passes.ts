/** The reduced pictures that a file stores one after the other: one, or the seven of Adam7. */
import type { Header } from "./header.ts";

export interface Pass {
  width: number;
  height: number;
  /** Pixel (x, y) of the pass is pixel (left + x * stepX, top + y * stepY) of the picture. */
  left: number;
  top: number;
  stepX: number;
  stepY: number;
  /** Bytes of a row, without its filter type. */
  rowBytes: number;
}

/** Left, top and steps of each pass of Adam7 (PNG specification, section 8.2). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** The passes of a picture in the order of the file; those without pixels are not stored. */
export function passesOf({ width, height, depth, samples, interlaced }: Header): Pass[] {
  const grids = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return grids.map(([left, top, stepX, stepY]) => {
    const passWidth = Math.ceil((width - left) / stepX);
    const passHeight = Math.ceil((height - top) / stepY);
    const rowBytes = Math.ceil(passWidth * samples * depth / 8);
    return { width: passWidth, height: passHeight, left, top, stepX, stepY, rowBytes };
  }).filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Puts the pixels of one pass (`[height, width, channels]`) to their places in a picture of `pictureWidth`. */
export function scatter(pixels: Uint8Array, pass: Pass, channels: number, picture: Uint8Array, pictureWidth: number) {
  let from = 0;
  for (let y = 0; y < pass.height; y++) {
    const row = (pass.top + y * pass.stepY) * pictureWidth + pass.left;
    for (let x = 0; x < pass.width; x++) {
      const to = (row + x * pass.stepX) * channels;
      for (let i = 0; i < channels; i++) picture[to + i] = pixels[from++];
    }
  }
}
