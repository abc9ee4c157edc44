/** The ink of a picture whose alpha varies: either alpha carries the drawing, or the colours of its opaque part do. */
import type { Ink, Raster } from "./raster.ts";

/** As opaque as the most opaque pixel, but for rounding. */
const ALPHA_TOLERANCE = 8;
/** Distance of two tones, of 255, above which they are not one. */
const TONE = 12;
/** Share of the strongest distance from paper from which on a pixel counts as drawn. */
const DRAWN = 0.2;
/** Share of the opaque part that a drawing on it must have, so that a speck in a stroke is none. */
const MIN_DRAWN = 1 / 1000;
/** Share of the picture from which on the opaque part is a page, not strokes. */
const PAGE = 0.9;

/**
 * Reads by colour where the opaque part shows a drawing: a page with holes or a transparent margin. Else alpha is the ink: strokes
 * of one tone, or of several, on a transparent canvas.
 */
export function findInkByAlpha(image: Raster): Ink {
  const { data, channels } = image, colours = channels - 1;
  const mask = maskOpaque(image);
  const outline = outlineOf(image, mask);
  const paper = Array.from({ length: colours }, (_, channel) => medianAt(data, outline, channels, channel));
  return hasDrawing(image, mask, outline, paper) ? inkOfColours(image, paper) : inkOfAlpha(image);
}

/** 1 for each pixel that is as opaque as any. */
function maskOpaque({ data, channels }: Raster): Uint8Array {
  let most = 0;
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] > most) most = data[at];
  const least = Math.max(1, most - ALPHA_TOLERANCE);
  const mask = new Uint8Array(data.length / channels);
  for (let pixel = 0; pixel < mask.length; pixel++) mask[pixel] = data[(pixel + 1) * channels - 1] >= least ? 1 : 0;
  return mask;
}

/** The opaque pixels beside others, or at the border of the picture. */
function outlineOf({ width, height }: Raster, mask: Uint8Array): Uint32Array {
  const pixels = new Uint32Array(mask.length);
  let count = 0;
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      if (mask[pixel] === 0) continue;
      const isInside = x > 0 && y > 0 && x < width - 1 && y < height - 1 &&
        mask[pixel - 1] + mask[pixel + 1] + mask[pixel - width] + mask[pixel + width] === 4;
      if (!isInside) pixels[count++] = pixel;
    }
  }
  return pixels.subarray(0, count);
}

/**
 * Whether something is drawn on the opaque part, which is `paper` along its outline. On a page little of the outline is drawn on,
 * compared with the rest; of strokes in several colours each has its share of the outline.
 */
function hasDrawing(image: Raster, mask: Uint8Array, outline: Uint32Array, paper: readonly number[]): boolean {
  let strongest = 0, opaque = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    opaque++;
    strongest = Math.max(strongest, distanceFrom(paper, image, pixel));
  }
  if (strongest < TONE) return false;
  if (opaque >= PAGE * mask.length) return true;
  const least = Math.max(TONE, DRAWN * strongest);
  let drawn = 0, drawnOutline = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 1 && distanceFrom(paper, image, pixel) >= least) drawn++;
  }
  for (const pixel of outline) if (distanceFrom(paper, image, pixel) >= least) drawnOutline++;
  return drawn >= MIN_DRAWN * opaque && drawnOutline / outline.length < drawn / opaque / 2;
}

/** The largest distance of a pixel's colour from `paper` in any channel. */
function distanceFrom(paper: readonly number[], { data, channels }: Raster, pixel: number): number {
  let most = 0;
  for (let channel = 0; channel < paper.length; channel++) {
    const distance = Math.abs(data[pixel * channels + channel] - paper[channel]);
    if (distance > most) most = distance;
  }
  return most;
}

/** The distance from `paper` of each pixel as it looks when laid on paper. */
function inkOfColours(image: Raster, paper: readonly number[]): Ink {
  const { data, channels } = image;
  const plane = new Uint8Array(data.length / channels);
  let strongest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) {
    const ink = Math.round(distanceFrom(paper, image, pixel) * data[(pixel + 1) * channels - 1] / 255);
    plane[pixel] = ink;
    if (ink > strongest) strongest = ink;
  }
  return { plane, strongest };
}

/** The distance of each pixel's alpha from that of nearly all of the border; from 0 where strokes reach the border. */
function inkOfAlpha({ width, height, channels, data }: Raster): Ink {
  const border = borderOf(width, height);
  const median = medianAt(data, border, channels, channels - 1);
  const isPaper = (pixel: number) => Math.abs(data[(pixel + 1) * channels - 1] - median) <= ALPHA_TOLERANCE;
  const paper = border.filter(isPaper).length >= PAGE * border.length ? median : 0;
  const plane = new Uint8Array(width * height);
  let strongest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) {
    const ink = Math.abs(data[(pixel + 1) * channels - 1] - paper);
    plane[pixel] = ink;
    if (ink > strongest) strongest = ink;
  }
  return { plane, strongest };
}

/** The outermost pixels. */
function borderOf(width: number, height: number): Uint32Array {
  const pixels = new Set<number>();
  for (let x = 0; x < width; x++) pixels.add(x).add((height - 1) * width + x);
  for (let y = 0; y < height; y++) pixels.add(y * width).add((y + 1) * width - 1);
  return Uint32Array.from(pixels);
}

/** The median of one channel over `pixels`, of which there is at least one. */
function medianAt(data: Raster["data"], pixels: Uint32Array, channels: number, channel: number): number {
  const counts = new Uint32Array(256);
  for (const pixel of pixels) counts[data[pixel * channels + channel]]++;
  let tone = 0;
  for (let seen = counts[0]; seen < pixels.length / 2; seen += counts[tone]) tone++;
  return tone;
}
