import { releaseBytes } from "../../core/bytes.ts";
import { BlankDrawingError, prepareDrawing, prepareInk } from "../../core/mnist/drawing/prepare_drawing.ts";
import { AskedWorker } from "../../lab/ask_worker.ts";
import { HttpError } from "../../service/http/errors.ts";
import { CanvasReader, isCanvas } from "./canvas/canvas_reader.ts";
import { peekHeader, PngError, readChunks } from "./png/chunks.ts";
import { decodeChunks } from "./png/decode.ts";

/**
 * Drawings up to this cost are read at once, in a few milliseconds. A drawing from the drawing page costs a third of
 * it.
 */
const MAX_COST_AT_ONCE = 1024 * 1024;
const MAX_WAITING = 16;
/** A worker that has read nothing for so long is closed: after a large drawing it has 64 MiB or more. */
const IDLE_MS = 5000;

/** The worker's answer: the 784 pixels, or a message for the sender that says what is wrong with the file. */
export type DrawingReply = { pixels: Uint8Array } | { unreadable: string };

interface DrawingReaderOptions {
  /** How many large drawings may wait while another is read; 16 by default. */
  maxWaiting?: number;
  /** How long the worker is kept for the next one, in ms. */
  idleMs?: number;
  /** Another worker's script, for tests. */
  script?: URL;
}

/** Reads drawings: small ones at once, large ones in a worker, so that they delay no other request. */
export class DrawingReader {
  readonly #maxWaiting: number;
  readonly #idleMs: number;
  readonly #worker: AskedWorker<Uint8Array, DrawingReply>;
  #idle?: ReturnType<typeof setTimeout>;

  constructor({ maxWaiting = MAX_WAITING, idleMs = IDLE_MS, script }: DrawingReaderOptions = {}) {
    this.#maxWaiting = maxWaiting;
    this.#idleMs = idleMs;
    this.#worker = new AskedWorker(script ?? new URL("./drawing_worker.ts", import.meta.url), "drawings");
  }

  /**
   * Reads a PNG to 784 bytes, ink 255 on paper 0. Takes over the buffer of `png`.
   *
   * @throws {DrawingError} for a damaged file or a blank drawing
   * @throws {HttpError} 503 while too many large drawings are waiting
   */
  async read(png: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (readingCost(png) <= MAX_COST_AT_ONCE) return readDrawing(png);
    if (this.#worker.waiting > this.#maxWaiting) {
      releaseBytes(png);
      throw new HttpError(503, "too many large drawings at once; try again in a moment");
    }
    clearTimeout(this.#idle);
    const reply = await this.#worker.ask(png, [png.buffer]);
    if (this.#worker.waiting === 0) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#worker.close(), this.#idleMs);
    }
    if ("unreadable" in reply) throw new DrawingError(reply.unreadable);
    return reply.pixels;
  }

  /** Ends the worker; drawings that it has not read are refused with an `HttpError` 503. */
  close() {
    clearTimeout(this.#idle);
    this.#worker.close(new HttpError(503, "the service is shutting down"));
  }
}

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
function readingCost(png: Uint8Array): number {
  const header = peekHeader(png);
  if (header === undefined) return png.length;
  const { width, height, samples, depth } = header;
  return png.length + width * height * samples * Math.ceil(depth / 8);
}
