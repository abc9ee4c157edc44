import { BlankDrawingError, prepareDrawing, prepareInk } from "../../core/mnist/drawing/prepare_drawing.ts";
import { CanvasReader, isCanvas } from "./canvas/canvas_reader.ts";
import { readChunks } from "./png/chunks.ts";
import { decodeChunks } from "./png/decode.ts";
import { peekHeader, PngError } from "./png/header.ts";

const canvasReader = new CanvasReader();

/** Thrown for a picture that cannot be read as a drawing. The message is for its sender. */
export class DrawingError extends Error {
  override name = "DrawingError";
}

/**
 * Reads a PNG to 784 bytes, ink 255 on paper 0.
 *
 * @throws {DrawingError} for an invalid file or a blank drawing
 */
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

/** Approximate cost of reading a file, in bytes: its length and that of its unpacked pixels. */
export function readingCost(png: Uint8Array): number {
  const header = peekHeader(png);
  if (header === undefined) return png.length;
  const { width, height, samples, depth } = header;
  return png.length + width * height * samples * Math.ceil(depth / 8);
}
