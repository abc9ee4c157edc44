import { releaseBytes } from "../../../core/bytes.ts";
import type { PlaneTools } from "../../../core/mnist/drawing/prepare_drawing.ts";
import { findInk, type Ink, paperOf } from "../../../core/mnist/drawing/ink.ts";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { type Chunks, COLOUR, PngError } from "../png/chunks.ts";
import { inflatePicture } from "../png/decode.ts";
import {
  addInk,
  addPlaneKernels,
  fastPlaneTools,
  INK_STEP,
  type InkKernel,
  PLANE_MARGIN,
  type PlaneKernels,
  resultBytes,
} from "./plane.ts";
import { ModuleBuilder, PAGE_BYTES } from "../../../core/codegen/wasm/assembler/module_builder.ts";
import { addFilters, FILTERS, type Undo, undoName } from "./filter_kernels.ts";

const PIXEL_BYTES = 4;
/** Enough for the drawing page's pictures. */
const FIRST_BYTES = 2 ** 20;
const PAPER_PIXELS = 4;
/** The memory begins with a vector of paper and two of results. */
const PAPER = 0, STRONGEST = 16, DIFFERENCES = 32;
/** Then come a row of zeros, which PNG assumes above the first row, the picture, and its ink. */
const ROWS = 48;

/** Whether a file is as browsers encode a canvas: RGBA, 8 bits per sample, not interlaced. */
export function isCanvas({ header }: Chunks): boolean {
  return header.colour === COLOUR.rgba && header.depth === 8 && !header.interlaced;
}

/** Finds the ink on a canvas with WASM SIMD. Other files are read in plain TypeScript, which gives the same bytes. */
export class CanvasReader {
  #workspace = new Workspace(FIRST_BYTES);

  /** Tools for the plane that was read last. */
  get tools(): PlaneTools {
    return this.#workspace.tools;
  }

  /**
   * The ink on a canvas, valid until the next call.
   *
   * @throws {PngError} for a damaged picture
   */
  read(chunks: Chunks): Ink {
    const { width, height } = chunks.header;
    const pixels = width * height, rowBytes = width * PIXEL_BYTES;
    const filtered = inflatePicture(chunks);
    const paddedPixels = Math.ceil(pixels / INK_STEP) * INK_STEP;
    const pictureAt = ROWS + rowBytes;
    const pictureEnd = pictureAt + Math.max(filtered.length, paddedPixels * PIXEL_BYTES);
    // A multiple of 16, because results of 16 bits follow the plane; a filtered row may have an odd length.
    const planeAt = Math.ceil(pictureEnd / 16) * 16;
    const results = planeAt + paddedPixels + PLANE_MARGIN;
    const workspace = this.#reserve(results + resultBytes(width, height)), { bytes } = workspace;
    workspace.results = results;
    bytes.fill(0, ROWS, pictureAt);
    bytes.set(filtered, pictureAt);
    releaseBytes(filtered);
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

/** The functions that go over every byte of a canvas, in WASM SIMD. */
export interface CanvasKernels extends PlaneKernels {
  /** By number of the filter. */
  undo: readonly Undo[];
  ink: InkKernel;
}

/** WebAssembly memory for canvases up to a given size, and the kernels that work on it. */
export class Workspace {
  readonly bytes: Uint8Array;
  readonly kernels: CanvasKernels;
  /** Tools for a plane of ink in this memory. */
  readonly tools: PlaneTools;
  /** Where the tools may write their results. */
  results = 0;

  /** @param size bytes that must fit */
  constructor(size: number) {
    // Kernels are fastest in a memory that cannot grow. With powers of two, new memories are seldom needed; 64 MiB
    // holds the largest drawing.
    const pages = 2 ** Math.ceil(Math.log2(size / PAGE_BYTES));
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer);
    this.kernels = compileKernels(memory);
    this.tools = fastPlaneTools(memory, this.kernels, () => this.results);
  }
}

function compileKernels(memory: WebAssembly.Memory): CanvasKernels {
  const module = new ModuleBuilder({ relaxedFma: false });
  addFilters(module);
  addInk(module);
  addPlaneKernels(module);
  const code = new WebAssembly.Module(module.encode({ pages: memory.buffer.byteLength / PAGE_BYTES, shared: false }));
  const { exports } = new WebAssembly.Instance(code, { env: { memory } });
  const kernels = exports as unknown as Omit<CanvasKernels, "undo"> & Record<string, Undo>;
  return { ...kernels, undo: Array.from({ length: FILTERS }, (_, filter) => kernels[undoName(filter)]) };
}
