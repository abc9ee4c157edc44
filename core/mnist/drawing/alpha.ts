/**
 * Finds the ink in a picture whose alpha varies: either alpha carries the drawing, or the colours of its opaque part
 * do.
 */
import type { Ink, Raster } from "./raster.ts";

/** Pixels within this distance of the highest alpha count as opaque, to allow for rounding. */
const ALPHA_TOLERANCE = 8;
/** Distance of two tones, of 255, above which they count as different. */
const TONE = 12;
/** A pixel counts as drawn if its distance from paper is at least this share of the largest one. */
const DRAWN = 0.2;
/** A drawing must cover at least this share of the opaque part, so that a speck in a stroke does not count as one. */
const MIN_DRAWN = 1 / 1000;
/** If the opaque part covers at least this share of the picture, it is a page and not strokes. */
const PAGE = 0.9;
/** Share of the highest alpha from which all pixels of a page count as opaque, however much its alpha varies. */
const PAGE_ALPHA = 0.5;
/** Share of the picture that such pixels of a page cover at least, even if it has a margin; strokes cover less. */
const UNEVEN_PAGE = 0.5;

/**
 * Uses colour if the opaque part shows a drawing: a page with holes or a transparent margin. Otherwise alpha is the
 * ink: strokes of one or several tones on a transparent canvas.
 */
export function findInkByAlpha(image: Raster): Ink {
  const { data, channels } = image;
  const alpha = channelOf(image, channels - 1);
  const opaque = leastOpaque(alpha);
  const outline = outlineOf(image, alpha, opaque);
  const paper = Array.from({ length: channels - 1 }, (_, channel) => medianAt(data, outline, channels, channel));
  const distances = distancesFrom(image, paper);
  if (!hasDrawing(alpha, opaque, outline, distances)) return distanceInk(alpha, paperAlpha(image, alpha));
  // Composes the picture onto paper, as it would look there.
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    distances[pixel] = Math.round(distances[pixel] * alpha[pixel] / 255);
  }
  return distanceInk(distances, 0);
}

/** The lowest alpha of the opaque part. A page may be uneven; strokes have edges that do not show their colour. */
function leastOpaque(alpha: Uint8Array): number {
  const largest = largestOf(alpha), page = Math.ceil(PAGE_ALPHA * largest);
  let area = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) if (alpha[pixel] >= page) area++;
  return Math.max(1, area >= UNEVEN_PAGE * alpha.length ? page : largest - ALPHA_TOLERANCE);
}

function largestOf(plane: Uint8Array): number {
  let largest = 0;
  for (let pixel = 0; pixel < plane.length; pixel++) if (plane[pixel] > largest) largest = plane[pixel];
  return largest;
}

/** The opaque pixels next to other pixels or at the border of the picture. */
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
 * Whether something is drawn on the opaque part, given how far each pixel is from the tone along its outline. On a
 * page, the drawing covers little of the outline compared with the rest; strokes in several colours each have their
 * share of the outline.
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

/** The alpha of nearly all of the border; 0 if strokes reach it. */
function paperAlpha({ width, height }: Raster, alpha: Uint8Array): number {
  const border = borderOf(width, height);
  const median = medianAt(alpha, border, 1, 0);
  const isPaper = (pixel: number) => Math.abs(alpha[pixel] - median) <= ALPHA_TOLERANCE;
  return border.filter(isPaper).length >= PAGE * border.length ? median : 0;
}

/** Replaces the values of `plane` by their distances from `paper`. */
function distanceInk(plane: Uint8Array, paper: number): Ink {
  for (let pixel = 0; pixel < plane.length; pixel++) plane[pixel] = Math.abs(plane[pixel] - paper);
  return { plane, strongest: largestOf(plane) };
}

/** The outermost pixels; those in the corners count twice. */
function borderOf(width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let x = 0; x < width; x++) pixels.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) pixels.push(y * width, (y + 1) * width - 1);
  return pixels;
}

/** The median of one channel over `pixels`, which must not be empty. */
function medianAt(data: Raster["data"], pixels: readonly number[], channels: number, channel: number): number {
  const counts = new Uint32Array(256);
  for (const pixel of pixels) counts[data[pixel * channels + channel]]++;
  let tone = 0;
  for (let seen = counts[0]; seen < pixels.length / 2; seen += counts[tone]) tone++;
  return tone;
}
