/** The fast way from the file of a canvas to its ink. Everything else is read the plain way, which this agrees with. */
import type { PlaneTools } from "../../../core/mnist/drawing/drawing.ts";
import { findInk, type Ink, paperOf } from "../../../core/mnist/drawing/ink.ts";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import type { Chunks } from "../png/chunks.ts";
import { INFLATE_BYTES, INFLATE_MARGIN } from "./inflate/inflater.ts";
import { canInflateTo, CANNOT_INFLATE, TOO_LONG, TOO_SHORT } from "../png/decode.ts";
import { PngError } from "../png/error.ts";
import { COLOUR, type Header } from "../png/header.ts";
import { INK_STEP } from "./ink_kernel.ts";
import { PLANE_MARGIN, resultBytes } from "./plane.ts";
import { Workspace } from "./workspace.ts";

const PIXEL_BYTES = 4;
/** Enough for what the drawing page sends. */
const FIRST_BYTES = 2 ** 20;
const PAPER_PIXELS = 4;
/** Behind what is the inflater's the kernels find a vector of paper, and leave two of results. */
const PAPER = INFLATE_BYTES, STRONGEST = PAPER + 16, DIFFERENCES = STRONGEST + 16;
/** Behind those: a row of zeros, as PNG imagines one above the first, then the picture, its ink and the compressed file. */
const ROWS = DIFFERENCES + 16;

/**
 * Whether a file is what browsers make of a canvas: RGBA, 8 bits a sample, rows in order, and no longer than what compressing
 * makes of noise.
 */
export function isCanvas({ header, data }: Chunks): boolean {
  if (header.colour !== COLOUR.rgba || header.depth !== 8 || header.interlaced) return false;
  return data.length <= 1.01 * filteredBytes(header) + 1024;
}

function filteredBytes({ width, height }: Header): number {
  return height * (1 + width * PIXEL_BYTES);
}

/** Compressors begin a block every few kilobytes. */
function mostBlocks(bytes: number): number {
  return 64 + Math.floor(bytes / 1024);
}

export class CanvasReader {
  #workspace = new Workspace(FIRST_BYTES);

  /** For the plane that was read last. */
  get tools(): PlaneTools {
    return this.#workspace.tools;
  }

  /**
   * The ink on a canvas, which holds until the next call; undefined for one that is compressed in a way that only the plain
   * reader can go through in time. Throws a `PngError` for a picture that is damaged.
   */
  read(chunks: Chunks): Ink | undefined {
    const { width, height } = chunks.header;
    const pixels = width * height;
    const rowBytes = width * PIXEL_BYTES, size = filteredBytes(chunks.header);
    if (!canInflateTo(chunks.data, size)) throw new PngError(TOO_SHORT);
    const paddedPixels = Math.ceil(pixels / INK_STEP) * INK_STEP;
    const pictureAt = ROWS + rowBytes;
    // At a multiple of 16, for results of 16 bits are read behind the plane; a filtered row may have an odd length.
    const planeAt = Math.ceil((pictureAt + Math.max(size + INFLATE_MARGIN, paddedPixels * PIXEL_BYTES)) / 16) *
      16;
    const results = planeAt + paddedPixels + PLANE_MARGIN;
    const fileAt = results + resultBytes(width, height);
    const workspace = this.#reserve(fileAt + chunks.data.length + INFLATE_MARGIN), { bytes } = workspace;
    workspace.results = results;
    bytes.fill(0, ROWS, pictureAt);
    bytes.set(chunks.data, fileAt);
    if (!this.#inflate(fileAt, fileAt + chunks.data.length, pictureAt, size)) return undefined;
    this.#undoFilters(bytes, pictureAt, rowBytes, height);

    const data = bytes.subarray(pictureAt, pictureAt + pixels * PIXEL_BYTES);
    const picture: Raster = { width, height, channels: PIXEL_BYTES, data };
    const paper = [...paperOf(picture), data[3]];
    for (let pixel = 0; pixel < PAPER_PIXELS; pixel++) bytes.set(paper, PAPER + pixel * PIXEL_BYTES);
    for (let pixel = pixels; pixel < paddedPixels; pixel++) bytes.set(paper, pictureAt + pixel * PIXEL_BYTES);
    bytes.fill(0, STRONGEST, ROWS);
    workspace.kernels.ink(pictureAt, pictureAt + paddedPixels * PIXEL_BYTES, planeAt, PAPER, STRONGEST, DIFFERENCES);
    const alphaVaries = bytes.subarray(DIFFERENCES, ROWS).some((bits, i) => i % PIXEL_BYTES === 3 && bits !== 0);
    if (alphaVaries) return findInk(picture);
    const strongest = Math.max(...bytes.subarray(STRONGEST, DIFFERENCES));
    return { plane: bytes.subarray(planeAt, planeAt + pixels), strongest };
  }

  /** False for a stream that is not worth going on with here. */
  #inflate(from: number, end: number, to: number, size: number): boolean {
    const inflated = this.#workspace.inflater.inflate(from, end, to, to + size, mostBlocks(size));
    if (inflated.result === "unusual") return false;
    if (inflated.result === "longer") throw new PngError(TOO_LONG);
    if (inflated.result === "damaged") throw new PngError(CANNOT_INFLATE);
    if (inflated.end < to + size) throw new PngError(TOO_SHORT);
    return true;
  }

  #undoFilters(bytes: Uint8Array, picture: number, rowBytes: number, rows: number) {
    const { undo } = this.#workspace.kernels;
    let from = picture, to = picture;
    for (let row = 0; row < rows; row++) {
      const filter = bytes[from++];
      if (filter >= undo.length) throw new PngError(`the PNG is damaged: row filter ${filter} does not exist`);
      undo[filter](from, to, to + rowBytes, to - rowBytes);
      from += rowBytes;
      to += rowBytes;
    }
  }

  #reserve(size: number): Workspace {
    if (size > this.#workspace.bytes.length) this.#workspace = new Workspace(size);
    return this.#workspace;
  }
}
