/** What handlers read of a request: its body, the id in its path, the client's address. */
import type { Context } from "hono";
import * as v from "valibot";
import { concatBytes } from "../../core/bytes.ts";
import { modelId, runId, validate } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";

/** What one body, and all bodies together, may take. */
export interface BodyLimits {
  maxBytes: number;
  /** Milliseconds in which the whole body has to arrive. */
  deadlineMs: number;
  /** Bytes that all bodies under way in this thread may hold together; no limit by default. */
  heldBytes?: number;
}

/** Bodies that declare at most this length, as most drawings do, are read in one go, which is faster than in chunks. */
const SMALL_BYTES = 64 * 1024;

/** Bytes of the bodies under way in this thread. */
let heldBytes = 0;

/** @throws {HttpError} 413 for a request that declares a longer body than the limit */
export function refuseLarger(request: Request, { maxBytes }: BodyLimits): void {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * The body of a request.
 *
 * @throws {HttpError} 413 for one that is too large, as soon as that shows; 408 for one that takes too long; 503 while
 * bodies under way hold too much; 400 for one that breaks off
 */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  refuseLarger(request, limits);
  if (request.body === null) return new Uint8Array(0);
  const declared = request.headers.get("content-length");
  // The server holds a body to its declared length, but one in chunks may be longer.
  const isSmall = declared !== null && Number(declared) <= SMALL_BYTES && !request.headers.has("transfer-encoding");
  const { promise: late, reject } = Promise.withResolvers<never>();
  const deadline = setTimeout(
    () => reject(new HttpError(408, "the body took too long to arrive")),
    limits.deadlineMs,
  );
  try {
    return isSmall
      ? await holding(Number(declared), limits, () => Promise.race([request.bytes(), late]))
      : await readChunks(request.body, limits, late);
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, "the body broke off before its end");
  } finally {
    clearTimeout(deadline);
  }
}

/**
 * The body of a request as text.
 *
 * @throws {HttpError} as `readBytes` does
 */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  return new TextDecoder().decode(await readBytes(request, limits));
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  limits: BodyLimits,
  late: Promise<never>,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return concatBytes(chunks);
      bytes += value.length;
      heldBytes += value.length;
      if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
      refuseWhileFull(limits);
      chunks.push(value);
    }
  } finally {
    heldBytes -= bytes;
    reader.cancel().catch(() => {});
  }
}

async function holding<T>(bytes: number, limits: BodyLimits, read: () => Promise<T>): Promise<T> {
  heldBytes += bytes;
  try {
    refuseWhileFull(limits);
    return await read();
  } finally {
    heldBytes -= bytes;
  }
}

function refuseWhileFull(limits: BodyLimits): void {
  if (heldBytes > (limits.heldBytes ?? Infinity)) {
    throw new HttpError(503, "too many requests at once; try again in a moment");
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body is too large: at most ${Math.floor(maxBytes / 2 ** 20)} MiB are taken`);
}

const SCHEMAS = { model: v.object({ id: modelId }), run: v.object({ id: runId }) };

/**
 * The `{id}` of a request's path. The caller finds out whether there is such a model or run.
 *
 * @throws {ValidationError} for a text that cannot be an id
 */
export function pathId(c: Context, what: keyof typeof SCHEMAS): string {
  return validate(SCHEMAS[what], { id: c.req.param("id") }, "the path").id;
}

/**
 * The IP address that a request came from, or `unknown`; several people may share one. Ask before an upgrade to a
 * WebSocket.
 */
export function clientAddress(c: Context): string {
  const info = c.env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined;
  try {
    return info?.remoteAddr?.hostname ?? "unknown";
  } catch {
    // The client has disconnected.
    return "unknown";
  }
}
