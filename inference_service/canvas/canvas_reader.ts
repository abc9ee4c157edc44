/** The fast way from the file of a canvas to its ink. Everything else is read the plain way, which this agrees with. */
import type { PlaneTools } from "../../core/mnist/drawing.ts";
import { findInk, type Ink, paperOf } from "../../core/mnist/ink.ts";
import type { Raster } from "../../core/mnist/raster.ts";
import type { Chunks } from "../png/chunks.ts";
import { INFLATE_BYTES, INFLATE_MARGIN, Inflater } from "./inflate/inflater.ts";
import { canInflateTo, CANNOT_INFLATE, TOO_LONG, TOO_SHORT } from "../png/decode.ts";
import { PngError } from "../png/error.ts";
import { COLOUR, type Header } from "../png/header.ts";
import { INK_STEP } from "./ink_kernel.ts";
import { type CanvasKernels, compileCanvasKernels } from "./kernels.ts";
import { fastPlaneTools, PLANE_MARGIN, resultBytes } from "./plane.ts";

const PIXEL_BYTES = 4;
const PAGE_BYTES = 64 * 1024;
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
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #kernels: CanvasKernels = compileCanvasKernels(this.#memory);
  readonly #inflater = new Inflater(this.#memory, this.#kernels);
  #results = 0;
  /** For the plane that was read last. */
  readonly tools: PlaneTools = fastPlaneTools(this.#memory, this.#kernels, () => this.#results);

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
    this.#results = planeAt + paddedPixels + PLANE_MARGIN;
    const fileAt = this.#results + resultBytes(width, height);
    const bytes = this.#reserve(fileAt + chunks.data.length + INFLATE_MARGIN);
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
    this.#kernels.ink(pictureAt, pictureAt + paddedPixels * PIXEL_BYTES, planeAt, PAPER, STRONGEST, DIFFERENCES);
    const alphaVaries = bytes.subarray(DIFFERENCES, ROWS).some((bits, i) => i % PIXEL_BYTES === 3 && bits !== 0);
    if (alphaVaries) return findInk(picture);
    const strongest = Math.max(...bytes.subarray(STRONGEST, DIFFERENCES));
    return { plane: bytes.subarray(planeAt, planeAt + pixels), strongest };
  }

  /** False for a stream that is not worth going on with here. */
  #inflate(from: number, end: number, to: number, size: number): boolean {
    const inflated = this.#inflater.inflate(from, end, to, to + size, mostBlocks(size));
    if (inflated.result === "unusual") return false;
    if (inflated.result === "longer") throw new PngError(TOO_LONG);
    if (inflated.result === "damaged") throw new PngError(CANNOT_INFLATE);
    if (inflated.end < to + size) throw new PngError(TOO_SHORT);
    return true;
  }

  #undoFilters(bytes: Uint8Array, picture: number, rowBytes: number, rows: number) {
    const { undo } = this.#kernels;
    let from = picture, to = picture;
    for (let row = 0; row < rows; row++) {
      const filter = bytes[from++];
      if (filter >= undo.length) throw new PngError(`the PNG is damaged: row filter ${filter} does not exist`);
      undo[filter](from, to, to + rowBytes, to - rowBytes);
      from += rowBytes;
      to += rowBytes;
    }
  }

  /** All of the memory, with room for `size` bytes. What was there before stays. */
  #reserve(size: number): Uint8Array {
    const missing = size - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return new Uint8Array(this.#memory.buffer);
  }
}
