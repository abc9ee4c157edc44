/**
 * Turns a drawing into the 28×28 pixels that a model reads, in the same way as MNIST was made from scanned digits:
 * "normalized to fit in a 20x20 pixel box while preserving their aspect ratio … centered in a 28x28 image by computing
 * the center of mass" (LeCun, Cortes, Burges: The MNIST database of handwritten digits).
 */
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../models/spec.ts";
import { findInk, type Ink } from "./ink.ts";
import { averageAreas, type Box, type ColumnSums, columnSums, type Raster } from "./raster.ts";
import { boxOfStrokes } from "./strokes.ts";

export type { Raster } from "./raster.ts";

/** Longer side of a digit, in pixels. */
const DIGIT_SIDE = 20;
/** Pixel index of the centre of mass in both directions, as in all of MNIST's digits. */
const CENTRE = IMAGE_SIDE / 2;
/** Contrast, of 255, below which a stroke is invisible. */
const VISIBLE = 4;
/** Share of the strongest ink below which a pixel is noise and does not extend the digit's box. */
const NOISE = 0.2;

/** Thrown if the whole page has one tone, so that there is nothing to recognise. */
export class BlankDrawingError extends Error {
  override name = "BlankDrawingError";
  constructor() {
    super("The page is blank: draw a digit first.");
  }
}

/**
 * Prepares a drawing of any size, with any ink on any paper: 784 bytes, ink 255 on paper 0.
 *
 * @throws {BlankDrawingError} for a page of one tone
 */
export function prepareDrawing(image: Raster): Uint8Array {
  return prepareInk(findInk(image), image.width);
}

/** A rectangle around ink. */
export interface InkBox extends Box {
  /** Whether some row or column in it has no ink, so that the ink beyond may be far from the strokes. */
  hasGap: boolean;
}

/** The slow parts of preparing a large drawing. Faster versions must give the same result. */
export interface PlaneTools {
  /** The smallest rectangle around all pixels of at least `threshold`. There must be one. */
  findBox(plane: Uint8Array, stride: number, threshold: number): InkBox;
  columnSums: ColumnSums;
}

/** The tools in plain loops. */
export const PLAIN_TOOLS: PlaneTools = { findBox, columnSums };

/**
 * Prepares a drawing from its ink, in rows of `stride` pixels.
 *
 * @throws {BlankDrawingError} for a page of one tone
 */
export function prepareInk({ plane, strongest }: Ink, stride: number, tools = PLAIN_TOOLS): Uint8Array {
  if (strongest < VISIBLE) throw new BlankDrawingError();
  const threshold = Math.ceil(strongest * NOISE);
  const inkBox = tools.findBox(plane, stride, threshold);
  const box = inkBox.hasGap ? boxOfStrokes(plane, stride, inkBox, threshold) : inkBox;
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const scale = DIGIT_SIDE / Math.max(width, height);
  const newWidth = Math.max(1, Math.round(width * scale));
  const newHeight = Math.max(1, Math.round(height * scale));
  return centre(averageAreas(plane, stride, box, newWidth, newHeight, tools.columnSums), newWidth, newHeight);
}

function findBox(plane: Uint8Array, stride: number, threshold: number): InkBox {
  let first = 0, last = plane.length - 1;
  while (plane[first] < threshold) first++;
  while (plane[last] < threshold) last--;
  const top = Math.floor(first / stride), bottom = Math.floor(last / stride) + 1;
  const columns = new Uint8Array(stride);
  let hasGap = false;
  for (let y = top; y < bottom; y++) {
    const row = plane.subarray(y * stride, (y + 1) * stride);
    let isEmpty = true;
    for (let x = 0; x < stride; x++) {
      if (row[x] < threshold) continue;
      columns[x] = 1;
      isEmpty = false;
    }
    if (isEmpty) hasGap = true;
  }
  const left = columns.indexOf(1), right = columns.lastIndexOf(1) + 1;
  return { left, top, right, bottom, hasGap: hasGap || columns.subarray(left, right).includes(0) };
}

/**
 * Moves a digit by whole pixels so that its centre of mass is at index 14 of 28×28, and scales the strongest ink to
 * 255. Anything beyond an edge is cut off, as in MNIST.
 */
function centre(digit: Float32Array, width: number, height: number): Uint8Array {
  let mass = 0, massX = 0, massY = 0, strongest = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ink = digit[y * width + x];
      mass += ink;
      massX += ink * x;
      massY += ink * y;
      strongest = Math.max(strongest, ink);
    }
  }
  const shiftX = Math.round(CENTRE - massX / mass);
  const shiftY = Math.round(CENTRE - massY / mass);
  const pixels = new Uint8Array(IMAGE_PIXELS);
  for (let y = Math.max(0, -shiftY); y < Math.min(height, IMAGE_SIDE - shiftY); y++) {
    for (let x = Math.max(0, -shiftX); x < Math.min(width, IMAGE_SIDE - shiftX); x++) {
      pixels[(y + shiftY) * IMAGE_SIDE + x + shiftX] = Math.round(digit[y * width + x] * 255 / strongest);
    }
  }
  return pixels;
}
