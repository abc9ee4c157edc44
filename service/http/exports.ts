/** Models in formats that are made as they are asked for: large ones wait in memory for slow clients, so few may at once. */
import { EXPORT_DEADLINE_MS, LARGE_EXPORT_BYTES, MAX_EXPORT_BYTES } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";

export interface ExportLimits {
  /** Smaller files are made and sent whatever else is on its way. */
  largeBytes: number;
  /** Of large files that are made or on their way at once. */
  maxBytes: number;
  deadlineMs: number;
}

const LIMITS: ExportLimits = {
  largeBytes: LARGE_EXPORT_BYTES,
  maxBytes: MAX_EXPORT_BYTES,
  deadlineMs: EXPORT_DEADLINE_MS,
};
/** A large file leaves in pieces of this size. */
const PIECE_BYTES = 1024 * 1024;

export interface Body {
  content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes. */
  length: number;
}

export class Exports {
  #heldBytes = 0;

  constructor(private readonly limits: ExportLimits = LIMITS) {}

  /**
   * What `make` makes, as a body; a large one holds its place until it is sent, its client is gone, or its time is over.
   *
   * @param bytes about the length of the file, known before it is made
   * @throws {HttpError} 503 while too many large files are on their way
   */
  async send(bytes: number, make: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Body> {
    if (bytes < this.limits.largeBytes) return wholeOf(await make());
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.limits.maxBytes) {
      throw new HttpError(503, "Too many large models are on their way; try again in a minute.");
    }
    this.#heldBytes += bytes;
    const release = () => this.#heldBytes -= bytes;
    try {
      const file = await make();
      return { content: piecesOf(file, this.limits.deadlineMs, release), length: file.length };
    } catch (error) {
      release();
      throw error;
    }
  }
}

function wholeOf(file: Uint8Array<ArrayBuffer>): Body {
  return { content: file, length: file.length };
}

/** Calls `onEnd` once, whichever way it ends. */
function piecesOf(
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
      // A client that stopped reading does not keep the service from ending.
      Deno.unrefTimer(Number(deadline));
    },
    pull(controller) {
      controller.enqueue(file.subarray(at, at += PIECE_BYTES));
      if (at < file.length) return;
      controller.close();
      end();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}
