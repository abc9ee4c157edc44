/**
 * PNG, read as a drawing (W3C, Portable Network Graphics, third edition): every legal colour type, depth and
 * interlacing up to 2048×2048. What a file may cost is known from its header, before anything is inflated.
 */
import { inflateSync } from "node:zlib";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { type Chunks, readChunks } from "./chunks.ts";
import { PngError } from "./error.ts";
import { passesOf, scatter } from "./passes.ts";
import { pixelFormat } from "./pixels.ts";
import { unfilter } from "./unfilter.ts";

export { PngError } from "./error.ts";

export const TOO_SHORT = "the PNG is damaged: it has too little picture data";
export const TOO_LONG = "the PNG is damaged: it has more picture data than pixels";
export const CANNOT_INFLATE = "the PNG is damaged: its picture data cannot be decompressed";

/** Deflate cannot make more out of a byte (zlib, technical details). */
const MAX_INFLATION = 1032;
/** Room behind the picture, so that zlib fills one buffer and comes to its end there: five times as fast as in pieces. */
const SPARE_BYTES = 64;

/**
 * Decodes a PNG to 8 bits a sample; of an animation, its still picture. Throws a `PngError` for anything but a sound PNG
 * of at most 2048×2048 pixels.
 */
export function decodePng(bytes: Uint8Array): Raster {
  return decodeChunks(readChunks(bytes));
}

/** Decodes a file whose chunks are checked. */
export function decodeChunks(chunks: Chunks): Raster {
  const { width, height, depth, samples, interlaced } = chunks.header;
  const passes = passesOf(chunks.header);
  const inflated = inflatePicture(chunks);
  const pixelBytes = Math.ceil(samples * depth / 8);
  const { channels, expand } = pixelFormat(chunks);
  const picture = interlaced ? new Uint8Array(width * height * channels) : undefined;
  let at = 0;
  for (const pass of passes) {
    const rows = unfilter(inflated, at, pass.height, pass.rowBytes, pixelBytes);
    at += pass.height * (1 + pass.rowBytes);
    const pixels = expand(rows, pass.width, pass.height);
    if (picture === undefined) return { width, height, channels, data: pixels };
    scatter(pixels, pass, channels, picture, width);
  }
  return { width, height, channels, data: picture! };
}

/** The rows of all passes as they are stored, each behind the type of its filter. */
function inflatePicture({ header, data }: Chunks): Uint8Array {
  return inflate(data, passesOf(header).reduce((sum, pass) => sum + pass.height * (1 + pass.rowBytes), 0));
}

/** Whether `data` may be that of `size` bytes; what may not is not worth the room for them. */
export function canInflateTo(data: Uint8Array, size: number): boolean {
  return data.length * MAX_INFLATION >= size;
}

/** Inflates to exactly `size` bytes; a stream that would give more is stopped there. */
function inflate(data: Uint8Array, size: number): Uint8Array {
  if (!canInflateTo(data, size)) throw new PngError(TOO_SHORT);
  let inflated: Uint8Array;
  try {
    inflated = inflateSync(data, { maxOutputLength: size, chunkSize: size + SPARE_BYTES });
  } catch (error) {
    throw new PngError(error instanceof RangeError ? TOO_LONG : CANNOT_INFLATE);
  }
  if (inflated.length !== size) throw new PngError(TOO_SHORT);
  return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
}
