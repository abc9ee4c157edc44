/**
 * PNG (W3C, Portable Network Graphics, third edition): every legal colour type, depth and interlacing up to 2048×2048.
 * The header shows the cost of a file before anything is inflated.
 */
import { inflateSync } from "node:zlib";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { type Chunks, type Header, PngError, readChunks } from "./chunks.ts";
import { pixelFormat } from "./pixels.ts";

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
export function inflatePicture({ header, data }: Chunks): Uint8Array<ArrayBuffer> {
  const size = passesOf(header).reduce((sum, pass) => sum + pass.height * (1 + pass.rowBytes), 0);
  if (data.length * MAX_INFLATION < size) throw new PngError(TOO_SHORT);
  let inflated: ReturnType<typeof inflateSync>;
  try {
    inflated = inflateSync(data, { maxOutputLength: size, chunkSize: size + SPARE_BYTES });
  } catch (error) {
    throw new PngError(error instanceof RangeError ? TOO_LONG : CANNOT_INFLATE);
  }
  if (inflated.length !== size) throw new PngError(TOO_SHORT);
  return new Uint8Array(inflated.buffer as ArrayBuffer, inflated.byteOffset, inflated.length);
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

/**
 * Undoes the row filters of PNG (specification, section 9) in place. `rows` rows of `1 + rowBytes` bytes (filter type,
 * then the row) begin at `start`. The results are stored without gaps from `start` on, and that part of `bytes` is
 * returned.
 *
 * @param pixelBytes distance to the corresponding byte of the pixel on the left, at least 1
 * @throws {PngError} for a filter that does not exist
 */
export function unfilter(
  bytes: Uint8Array,
  start: number,
  rows: number,
  rowBytes: number,
  pixelBytes: number,
): Uint8Array {
  let from = start;
  let to = start;
  for (let row = 0; row < rows; row++) {
    const filter = bytes[from++];
    undo(filter, bytes, from, to, row === 0 ? -1 : to - rowBytes, rowBytes, pixelBytes);
    from += rowBytes;
    to += rowBytes;
  }
  return bytes.subarray(start, to);
}

/**
 * The filtered row begins at `from`, the result at `to`, and the row above at `above`, which is −1 for the first row.
 */
function undo(
  filter: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  above: number,
  rowBytes: number,
  pixelBytes: number,
) {
  switch (filter) {
    case 0:
      bytes.copyWithin(to, from, from + rowBytes);
      return;
    case 1:
      return undoSub(bytes, from, to, rowBytes, pixelBytes);
    case 2:
      if (above < 0) bytes.copyWithin(to, from, from + rowBytes);
      else for (let i = 0; i < rowBytes; i++) bytes[to + i] = bytes[from + i] + bytes[above + i];
      return;
    case 3:
      return undoAverage(bytes, from, to, above, rowBytes, pixelBytes);
    case 4:
      // Above the first row everything is 0, so Paeth predicts the left neighbour.
      if (above < 0) return undoSub(bytes, from, to, rowBytes, pixelBytes);
      return undoPaeth(bytes, from, to, above, rowBytes, pixelBytes);
    default:
      throw new PngError(`the PNG is damaged: row filter ${filter} does not exist`);
  }
}

function undoSub(bytes: Uint8Array, from: number, to: number, rowBytes: number, pixelBytes: number) {
  bytes.copyWithin(to, from, from + Math.min(pixelBytes, rowBytes));
  for (let i = pixelBytes; i < rowBytes; i++) bytes[to + i] = bytes[from + i] + bytes[to + i - pixelBytes];
}

function undoAverage(
  bytes: Uint8Array,
  from: number,
  to: number,
  above: number,
  rowBytes: number,
  pixelBytes: number,
) {
  for (let i = 0; i < rowBytes; i++) {
    const left = i < pixelBytes ? 0 : bytes[to + i - pixelBytes];
    const up = above < 0 ? 0 : bytes[above + i];
    bytes[to + i] = bytes[from + i] + ((left + up) >> 1);
  }
}

function undoPaeth(bytes: Uint8Array, from: number, to: number, above: number, rowBytes: number, pixelBytes: number) {
  const first = Math.min(pixelBytes, rowBytes);
  for (let i = 0; i < first; i++) bytes[to + i] = bytes[from + i] + bytes[above + i];
  for (let i = pixelBytes; i < rowBytes; i++) {
    const left = bytes[to + i - pixelBytes];
    const up = bytes[above + i];
    const corner = bytes[above + i - pixelBytes];
    const toLeft = Math.abs(up - corner);
    const toUp = Math.abs(left - corner);
    const toCorner = Math.abs(left + up - corner - corner);
    const nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    bytes[to + i] = bytes[from + i] + nearest;
  }
}
