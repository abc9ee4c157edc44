/** Bodies of requests, read without letting one client's take the memory or the time of the others. */
import { HttpError } from "../service/errors.ts";

export interface BodyLimits {
  /** Bytes of bodies under way that may be held at once, over all requests. */
  heldBytes: number;
  /** A body has to be here after so many milliseconds. */
  deadlineMs: number;
}

/** Bodies that say that they are not longer, as most drawings are, are read in one go: piece by piece costs more. */
const SMALL_BYTES = 64 * 1024;

const LIMITS: BodyLimits = { heldBytes: 256 * 1024 * 1024, deadlineMs: 60_000 };

/** The limits of each of `threads` threads, which count for themselves; one body of `maxBytes` fits in any case. */
export function limitsOf(threads: number, maxBytes: number): BodyLimits {
  return { ...LIMITS, heldBytes: Math.max(maxBytes, Math.floor(LIMITS.heldBytes / threads)) };
}

let heldBytes = 0;

/**
 * The body as text. Throws an `HttpError`: 413 for more than `maxBytes`, as soon as that shows; 408 for one that takes too
 * long; 503 while too much arrives at once; 400 for one that breaks off.
 */
export async function readBody(request: Request, maxBytes: number, limits = LIMITS): Promise<string> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  // A body in chunks may be longer than it says.
  const isSmall = declared !== null && Number(declared) <= SMALL_BYTES && !request.headers.has("transfer-encoding");
  try {
    if (isSmall) return await readWhole(request, Number(declared), limits);
    return request.body === null ? "" : await readStream(request.body, maxBytes, limits);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "the body broke off before its end");
  }
}

/** `bytes` is what the body says of itself; the server holds it to that. */
async function readWhole(request: Request, bytes: number, limits: BodyLimits): Promise<string> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const deadline = setTimeout(() => reject(late()), limits.deadlineMs);
  heldBytes += bytes;
  try {
    if (heldBytes > limits.heldBytes) throw tooMany();
    return await Promise.race([request.text(), tooLate]);
  } finally {
    clearTimeout(deadline);
    heldBytes -= bytes;
  }
}

async function readStream(body: ReadableStream<Uint8Array>, maxBytes: number, limits: BodyLimits): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, limits.deadlineMs);
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) throw late();
      if (done) return text + decoder.decode();
      bytes += value.length;
      heldBytes += value.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      if (heldBytes > limits.heldBytes) throw tooMany();
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(deadline);
    heldBytes -= bytes;
    reader.cancel().catch(() => {});
  }
}

function late(): HttpError {
  return new HttpError(408, "the body took too long to arrive");
}

function tooMany(): HttpError {
  return new HttpError(503, "too many requests at once; try again in a moment");
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body is too large: at most ${maxBytes / 1024 / 1024} MiB are taken`);
}
