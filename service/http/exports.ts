import { EXPORT_DEADLINE_MS, LARGE_EXPORT_BYTES, MAX_EXPORT_BYTES } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";

/** Limits of `Exports`. */
export interface ExportLimits {
  /** Files smaller than this are always made and sent. */
  largeBytes: number;
  /** Most bytes of all large files that are being made or sent. */
  maxBytes: number;
  /** Milliseconds after which the download of a large file is cut off. */
  deadlineMs: number;
}

const LIMITS: ExportLimits = {
  largeBytes: LARGE_EXPORT_BYTES,
  maxBytes: MAX_EXPORT_BYTES,
  deadlineMs: EXPORT_DEADLINE_MS,
};
/** Large files are sent in chunks of this size. */
const CHUNK_BYTES = 1024 * 1024;

/** The body of an answer. */
export interface Body {
  content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** In bytes. */
  length: number;
}

/**
 * Sends model files in formats that are made on request. A large file stays in memory while its client reads slowly, so
 * only a few may be sent at once.
 */
export class Exports {
  readonly #limits: ExportLimits;
  #heldBytes = 0;

  constructor(limits: ExportLimits = LIMITS) {
    this.#limits = limits;
  }

  /**
   * Returns the file that `make` makes as a body. A large file counts until it is sent, its client is gone, or its
   * deadline has passed.
   *
   * @param bytes approximate length of the file
   * @throws {HttpError} 503 while too many large files are being sent
   */
  async send(bytes: number, make: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Body> {
    if (bytes < this.#limits.largeBytes) return wholeOf(await make());
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#limits.maxBytes) {
      throw new HttpError(503, "Too many large models are on their way; try again in a minute.");
    }
    this.#heldBytes += bytes;
    const release = () => this.#heldBytes -= bytes;
    try {
      const file = await make();
      return { content: chunksOf(file, this.#limits.deadlineMs, release), length: file.length };
    } catch (error) {
      release();
      throw error;
    }
  }
}

function wholeOf(file: Uint8Array<ArrayBuffer>): Body {
  return { content: file, length: file.length };
}

/** Streams a file in chunks; calls `onEnd` once, however the download ends. */
function chunksOf(
  file: Uint8Array<ArrayBuffer>,
  deadlineMs: number,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  let at = 0;
  const end = () => {
    clearTimeout(deadline);
    onEnd();
  };
  return new ReadableStream({
    start(controller) {
      deadline = setTimeout(() => {
        controller.error(new Error("the download took too long"));
        onEnd();
      }, deadlineMs);
      // A client that has stopped reading must not keep the service from ending.
      Deno.unrefTimer(Number(deadline));
    },
    pull(controller) {
      controller.enqueue(file.subarray(at, at += CHUNK_BYTES));
      if (at < file.length) return;
      controller.close();
      end();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}
