/**
 * PNG (W3C, Portable Network Graphics, third edition): every legal colour type, depth and interlacing up to 2048×2048.
 * The header shows the cost of a file before anything is inflated.
 */
import { inflateSync } from "node:zlib";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { type Chunks, readChunks } from "./chunks.ts";
import { type Header, PngError } from "./header.ts";
import { pixelFormat } from "./pixels.ts";
import { unfilter } from "./unfilter.ts";

const TOO_SHORT = "the PNG is damaged: it has too little picture data";
const TOO_LONG = "the PNG is damaged: it has more picture data than pixels";
const CANNOT_INFLATE = "the PNG is damaged: its picture data cannot be decompressed";

/** The most bytes that deflate can make of one (zlib, technical details). */
const MAX_INFLATION = 1032;
/** Lets zlib reach the end of the stream within its first buffer, which is five times as fast as filling several. */
const SPARE_BYTES = 64;

/**
 * Decodes a PNG to 8 bits per sample; for an animation, its still picture.
 *
 * @throws {PngError} for anything but a sound PNG of at most 2048×2048 pixels
 */
export function decodePng(bytes: Uint8Array): Raster {
  return decodeChunks(readChunks(bytes));
}

/**
 * Decodes a file whose chunks have been checked.
 *
 * @throws {PngError} for damaged data
 */
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

/**
 * The rows of all passes as stored, each after its filter type. The output is limited to the size in the header.
 *
 * @throws {PngError} for data that is damaged, or more or less than that
 */
export function inflatePicture({ header, data }: Chunks): Uint8Array {
  const size = passesOf(header).reduce((sum, pass) => sum + pass.height * (1 + pass.rowBytes), 0);
  if (data.length * MAX_INFLATION < size) throw new PngError(TOO_SHORT);
  let inflated: Uint8Array;
  try {
    inflated = inflateSync(data, { maxOutputLength: size, chunkSize: size + SPARE_BYTES });
  } catch (error) {
    throw new PngError(error instanceof RangeError ? TOO_LONG : CANNOT_INFLATE);
  }
  if (inflated.length !== size) throw new PngError(TOO_SHORT);
  return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
}

/** One of the reduced pictures that a file stores one after the other. */
interface Pass {
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

/** The one pass of a plain picture, or those of Adam7 that have pixels, in the order of the file. */
function passesOf({ width, height, depth, samples, interlaced }: Header): Pass[] {
  const grids = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return grids.map(([left, top, stepX, stepY]) => {
    const passWidth = Math.ceil((width - left) / stepX);
    const passHeight = Math.ceil((height - top) / stepY);
    const rowBytes = Math.ceil(passWidth * samples * depth / 8);
    return { width: passWidth, height: passHeight, left, top, stepX, stepY, rowBytes };
  }).filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Puts the pixels of one pass (`[height, width, channels]`) where they belong in a picture of `pictureWidth`. */
function scatter(pixels: Uint8Array, pass: Pass, channels: number, picture: Uint8Array, pictureWidth: number) {
  let from = 0;
  for (let y = 0; y < pass.height; y++) {
    const row = (pass.top + y * pass.stepY) * pictureWidth + pass.left;
    for (let x = 0; x < pass.width; x++) {
      const to = (row + x * pass.stepX) * channels;
      for (let i = 0; i < channels; i++) picture[to + i] = pixels[from++];
    }
  }
}
