/** From the file of a drawing to the pixels that a model reads. */
import { BlankDrawingError, prepareDrawing, prepareInk } from "../../core/mnist/drawing/drawing.ts";
import { CanvasReader, isCanvas } from "./canvas/canvas_reader.ts";
import { readChunks } from "./png/chunks.ts";
import { decodeChunks } from "./png/decode.ts";
import { peekHeader, PngError } from "./png/header.ts";

const canvasReader = new CanvasReader();

/** A picture with no digit to be read from it, in words for the person who sent it. */
export class DrawingError extends Error {
  override name = "DrawingError";
}

/** Reads a PNG to 784 bytes, ink 255 on paper 0. Throws a `DrawingError` for a file that is unsound or blank. */
export function readDrawing(png: Uint8Array): Uint8Array {
  try {
    const chunks = readChunks(png);
    if (!isCanvas(chunks)) return prepareDrawing(decodeChunks(chunks));
    return prepareInk(canvasReader.read(chunks), chunks.header.width, canvasReader.tools);
  } catch (error) {
    if (error instanceof PngError) throw new DrawingError(`image_data: ${error.message}`);
    if (error instanceof BlankDrawingError) throw new DrawingError(error.message);
    throw error;
  }
}

/** About what reading a file costs, in bytes to go through: those that it has and those of its pixels, unpacked. */
export function readingCost(png: Uint8Array): number {
  const header = peekHeader(png);
  if (header === undefined) return png.length;
  const { width, height, samples, depth } = header;
  return png.length + width * height * samples * Math.ceil(depth / 8);
}
