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
 * Reads by colour where the opaque part shows a drawing: a page with holes or a transparent margin. Else alpha is the
 * ink: strokes of one tone, or of several, on a transparent canvas.
 */
export function findInkByAlpha(image: Raster): Ink {
  const { data, channels } = image;
  const alpha = channelOf(image, channels - 1);
  const opaque = Math.max(1, largestOf(alpha) - ALPHA_TOLERANCE);
  const outline = outlineOf(image, alpha, opaque);
  const paper = Array.from({ length: channels - 1 }, (_, channel) => medianAt(data, outline, channels, channel));
  const distances = distancesFrom(image, paper);
  if (!hasDrawing(alpha, opaque, outline, distances)) return distanceInk(alpha, paperAlpha(image, alpha));
  // As the picture looks when it is laid on paper.
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    distances[pixel] = Math.round(distances[pixel] * alpha[pixel] / 255);
  }
  return distanceInk(distances, 0);
}

function largestOf(plane: Uint8Array): number {
  let largest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) if (plane[pixel] > largest) largest = plane[pixel];
  return largest;
}

/** The opaque pixels beside others, or at the border of the picture. */
function outlineOf({ width, height }: Raster, alpha: Uint8Array, opaque: number): number[] {
  const pixels: number[] = [];
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      if (alpha[pixel] < opaque) continue;
      const isInside = x > 0 && y > 0 && x < width - 1 && y < height - 1 && alpha[pixel - 1] >= opaque &&
        alpha[pixel + 1] >= opaque && alpha[pixel - width] >= opaque && alpha[pixel + width] >= opaque;
      if (!isInside) pixels.push(pixel);
    }
  }
  return pixels;
}

/**
 * Whether something is drawn on the opaque part, given how far each pixel is from the tone along its outline. On a page
 * little of the outline is drawn on, compared with the rest; of strokes in several colours each has its share of the
 * outline.
 */
function hasDrawing(
  alpha: Uint8Array,
  opaque: number,
  outline: readonly number[],
  distances: Uint8Array,
): boolean {
  let strongest = 0, area = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    if (alpha[pixel] < opaque) continue;
    area++;
    if (distances[pixel] > strongest) strongest = distances[pixel];
  }
  if (strongest < TONE) return false;
  if (area >= PAGE * alpha.length) return true;
  const least = Math.max(TONE, DRAWN * strongest);
  let drawn = 0, drawnOutline = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    if (alpha[pixel] >= opaque && distances[pixel] >= least) drawn++;
  }
  for (const pixel of outline) if (distances[pixel] >= least) drawnOutline++;
  return drawn >= MIN_DRAWN * area && drawnOutline / outline.length < drawn / area / 2;
}

/** Each pixel's largest distance from `paper` in any channel. */
function distancesFrom(image: Raster, paper: readonly number[]): Uint8Array {
  const { data, channels } = image;
  const plane = new Uint8Array(data.length / channels);
  for (let channel = 0; channel < paper.length; channel++) {
    const tone = paper[channel];
    for (let pixel = 0, at = channel; pixel < plane.length; pixel++, at += channels) {
      const distance = Math.abs(data[at] - tone);
      if (distance > plane[pixel]) plane[pixel] = distance;
    }
  }
  return plane;
}

function channelOf({ data, channels }: Raster, channel: number): Uint8Array {
  const plane = new Uint8Array(data.length / channels);
  for (let pixel = 0, at = channel; pixel < plane.length; pixel++, at += channels) plane[pixel] = data[at];
  return plane;
}

/** The alpha of nearly all of the border; 0 where strokes reach it. */
function paperAlpha({ width, height }: Raster, alpha: Uint8Array): number {
  const border = borderOf(width, height);
  const median = medianAt(alpha, border, 1, 0);
  const isPaper = (pixel: number) => Math.abs(alpha[pixel] - median) <= ALPHA_TOLERANCE;
  return border.filter(isPaper).length >= PAGE * border.length ? median : 0;
}

/** The distances of `plane` from `paper`, in its place. */
function distanceInk(plane: Uint8Array, paper: number): Ink {
  for (let pixel = 0; pixel < plane.length; pixel++) plane[pixel] = Math.abs(plane[pixel] - paper);
  return { plane, strongest: largestOf(plane) };
}

/** The outermost pixels, those in the corners twice. */
function borderOf(width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let x = 0; x < width; x++) pixels.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) pixels.push(y * width, (y + 1) * width - 1);
  return pixels;
}

/** The median of one channel over `pixels`, of which there is at least one. */
function medianAt(data: Raster["data"], pixels: readonly number[], channels: number, channel: number): number {
  const counts = new Uint32Array(256);
  for (const pixel of pixels) counts[data[pixel * channels + channel]]++;
  let tone = 0;
  for (let seen = counts[0]; seen < pixels.length / 2; seen += counts[tone]) tone++;
  return tone;
}
