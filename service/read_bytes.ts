import { HttpError } from "./errors.ts";

export interface BytesLimits {
  bytes: number;
  /** The body has to be here after so many milliseconds. */
  deadlineMs: number;
}

/** @throws {HttpError} 413 for a request that says beforehand that its body has more than `limits.bytes` */
export function refuseLarger(request: Request, limits: BytesLimits): void {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > limits.bytes) throw tooLarge(limits);
}

/**
 * The body of a request.
 *
 * @throws {HttpError} 413 for one that is too large, as soon as that shows; 408 for one that takes too long; 400 for one that
 * breaks off
 */
export async function readBytes(request: Request, limits: BytesLimits): Promise<Uint8Array<ArrayBuffer>> {
  refuseLarger(request, limits);
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, limits.deadlineMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw new HttpError(408, "the body took too long to arrive");
      if (done) return concatenate(chunks, length);
      length += value.length;
      if (length > limits.bytes) throw tooLarge(limits);
      chunks.push(value);
    }
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, "the body broke off before its end");
  } finally {
    clearTimeout(deadline);
    reader.cancel().catch(() => {});
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function tooLarge({ bytes }: BytesLimits): HttpError {
  return new HttpError(413, `the body is too large: at most ${Math.floor(bytes / 2 ** 20)} MiB are taken`);
}
