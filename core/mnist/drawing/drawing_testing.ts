/** For tests: draws digits of the dataset on a page as a person would. */
import { IMAGE_SIDE } from "../../models/spec.ts";
import type { Raster } from "./raster.ts";

type Colour = readonly number[];

/** A page to draw on. */
export interface Page {
  width: number;
  height: number;
  /** Samples of a pixel, one to four. Half-covered pixels are between ink and paper. */
  ink: Colour;
  paper: Colour;
}

/** Opaque RGBA. */
export const BLACK_ON_WHITE = { ink: [0, 0, 0, 255], paper: [255, 255, 255, 255] } as const;

/** The canvas on the drawing page. */
export const CANVAS: Page = { width: 280, height: 280, ...BLACK_ON_WHITE };

/** A page on which each pixel has `coverage`, 0 to 1, of ink. */
export function drawPage({ width, height, ink, paper }: Page, coverage: (x: number, y: number) => number): Raster {
  const channels = ink.length as Raster["channels"];
  const data = new Uint8ClampedArray(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const share = coverage(x, y);
      for (let c = 0; c < channels; c++) {
        data[(y * width + x) * channels + c] = paper[c] + share * (ink[c] - paper[c]);
      }
    }
  }
  return { width, height, channels, data };
}

/** Draws the 28×28 `digit`, ink 255, as a square of `size` pixels at (`left`, `top`), with bilinear smoothing. */
export function drawDigit(digit: Uint8Array, page: Page, size: number, left: number, top: number): Raster {
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= IMAGE_SIDE || y >= IMAGE_SIDE ? 0 : digit[y * IMAGE_SIDE + x] / 255;
  const scale = IMAGE_SIDE / size;
  return drawPage(page, (pageX, pageY) => {
    const x = (pageX - left + 0.5) * scale - 0.5;
    const y = (pageY - top + 0.5) * scale - 0.5;
    const x0 = Math.floor(x), y0 = Math.floor(y);
    const fx = x - x0, fy = y - y0;
    return (at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) +
      (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy;
  });
}
