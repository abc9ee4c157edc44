/** Reads parts of a request for handlers: its body, the id in its path, the client's address. */
import type { Context } from "hono";
import { createUnzip } from "node:zlib";
import * as v from "valibot";
import { releaseBytes } from "../../core/bytes.ts";
import { BODY_SILENCE_MS, modelId, runId, validate } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";
import type { ClientInfo } from "./server/http_server.ts";
import { type ByteSource, IncomingRequest } from "./server/incoming.ts";

/** Limits for one body and for all bodies together. */
export interface BodyLimits {
  maxBytes: number;
  /** Milliseconds within which the whole body must arrive. */
  deadlineMs: number;
  /** Longest pause within the body, in milliseconds. */
  silenceMs?: number;
  /** Bytes that all bodies in this thread may hold together, once they arrive; no limit by default. */
  heldBytes?: number;
  /** The most of these bytes for one address; by default all. */
  heldBytesPerClient?: number;
}

/** A body that declares at most this length gets a buffer for its full length once it begins. */
const SMALL_BYTES = 64 * 1024;

/** Bytes that bodies in this thread hold, by address and in all. */
const held = new Map<string, number>();
let heldInAll = 0;

/** @throws {HttpError} 413 for a request that declares a longer body than the limit */
export function refuseLarger(request: Request, { maxBytes }: BodyLimits): void {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * Reads the body of a request, decodes it if it is compressed, and passes it to `use`. The limits hold for both forms.
 * Until that is done, its bytes count as held by the address `client`.
 *
 * @throws {HttpError} 413 as soon as the body turns out to be too large; 408 if it takes too long, in all or in
 * between; 503 while bodies hold too much; 415 for an encoding other than gzip and deflate; 400 if it cannot be
 * decoded, is cut short or comes in too many pieces
 */
export async function withBody<T>(
  request: Request,
  limits: BodyLimits,
  client: string,
  use: (bytes: Uint8Array<ArrayBuffer>) => Promise<T> | T,
): Promise<T> {
  refuseLarger(request, limits);
  const body = new GrowingBuffer(limits, client);
  const patience = new Patience(limits);
  try {
    const encoding = encodingOf(request), source = sourceOf(request);
    const declared = encoding === undefined ? Number(request.headers.get("content-length") ?? 0) : 0;
    await fill(body, encoding === undefined ? source : decoded(source, encoding), patience, declared);
    patience.close();
    return await use(body.take());
  } finally {
    patience.close();
    body.release();
  }
}

/**
 * Like `withBody`, with the body as text. A short body, such as most drawings, is decoded in place, without a separate
 * buffer.
 *
 * @throws {HttpError} as `withBody` does
 */
export async function withText<T>(
  request: Request,
  limits: BodyLimits,
  client: string,
  use: (text: string) => Promise<T> | T,
): Promise<T> {
  const isPlain = encodingOf(request) === undefined;
  const whole = isPlain && request instanceof IncomingRequest ? request.source.takeWhole() : undefined;
  if (whole !== undefined) return await use(decoder.decode(whole));
  return await withBody(request, limits, client, (bytes) => {
    const text = decoder.decode(bytes);
    releaseBytes(bytes);
    return use(text);
  });
}

const decoder = new TextDecoder();

/**
 * The body of a request.
 *
 * @throws {HttpError} as `withBody` does
 */
export function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  return withBody(request, limits, "unknown", (bytes) => bytes);
}

/**
 * The body of a request as text.
 *
 * @throws {HttpError} as `withBody` does
 */
export function readText(request: Request, limits: BodyLimits): Promise<string> {
  return withText(request, limits, "unknown", (text) => text);
}

async function fill(body: GrowingBuffer, source: ByteSource, patience: Patience, declared: number): Promise<void> {
  try {
    for (let piece; (piece = await patience.wait(source.read())) !== undefined;) body.add(piece, declared);
  } catch (error) {
    source.cancel?.();
    throw error instanceof HttpError ? error : new HttpError(400, "the body broke off before its end");
  }
}

/** The body as the lab's server provides it, or the body of any other request. */
function sourceOf(request: Request): ByteSource {
  if (request instanceof IncomingRequest) return request.source;
  const reader = request.body?.getReader();
  return {
    read: async () => (await reader?.read())?.value,
    cancel: () => void reader?.cancel().catch(() => {}),
  };
}

/** Waits for pieces until one of them, or the whole body, takes too long. */
class Patience {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #began = performance.now();
  #heardAt = this.#began;
  #giveUp: (error: Error) => void = () => {};

  constructor({ deadlineMs, silenceMs = BODY_SILENCE_MS }: BodyLimits) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#began < deadlineMs && now - this.#heardAt < silenceMs) return;
      this.#giveUp(new HttpError(408, "the body took too long to arrive"));
    }, Math.min(deadlineMs, silenceMs) / 4);
  }

  /**
   * Not `Promise.race` with a single promise for the deadline, because every race would leave a reaction behind on it.
   */
  wait<T>(piece: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      piece.then((value) => {
        this.#heardAt = performance.now();
        resolve(value);
      }, reject);
    });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** A long body's buffer grows in steps of at most this many bytes. */
const MOST_GROWTH = 2 ** 20;

/** The bytes of a body, in one buffer that grows in place as they arrive, so that the collector has no copies to find. */
class GrowingBuffer {
  readonly #limits: BodyLimits;
  readonly #client: string;
  #buffer?: ArrayBuffer;
  #length = 0;
  #held = 0;

  constructor(limits: BodyLimits, client: string) {
    this.#limits = limits;
    this.#client = client;
  }

  /** @param declared the length that the request declares, or 0 */
  add(piece: Uint8Array, declared: number): void {
    const { maxBytes } = this.#limits, length = this.#length + piece.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    if (length > this.#held) {
      const grown = Math.min(2 * this.#held, this.#held + MOST_GROWTH);
      const wanted = Math.max(length, grown, Math.min(declared, SMALL_BYTES));
      const size = Math.min(wanted, declared >= length ? declared : maxBytes);
      this.#hold(size - this.#held);
      // A buffer that can grow takes ten microseconds more.
      this.#buffer ??= size === declared ? new ArrayBuffer(size) : new ArrayBuffer(0, { maxByteLength: maxBytes });
      if (size > this.#buffer.byteLength) this.#buffer.resize(size);
    }
    if (this.#buffer !== undefined) new Uint8Array(this.#buffer).set(piece, this.#length);
    this.#length = length;
  }

  /** The bytes added so far, in a buffer of exactly their length. */
  take(): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffer?.transferToFixedLength(this.#length) ?? new ArrayBuffer(0);
    this.#buffer = undefined;
    return new Uint8Array(buffer);
  }

  /** Counts nothing as held from now on, and frees bytes that were not taken. */
  release(): void {
    this.#hold(-this.#held);
    this.#buffer?.transferToFixedLength(0);
    this.#buffer = undefined;
  }

  #hold(change: number) {
    this.#held += change;
    heldInAll += change;
    const own = (held.get(this.#client) ?? 0) + change;
    if (own === 0) held.delete(this.#client);
    else held.set(this.#client, own);
    const { heldBytes = Infinity, heldBytesPerClient = heldBytes } = this.#limits;
    if (change > 0 && (heldInAll > heldBytes || own > heldBytesPerClient)) {
      throw new HttpError(503, "too many requests at once; try again in a moment");
    }
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body is too large: at most ${Math.floor(maxBytes / 2 ** 20)} MiB are taken`);
}

const SCHEMAS = { model: v.object({ id: modelId }), run: v.object({ id: runId }) };

/**
 * The `{id}` of a request's path. The caller checks whether there is such a model or run.
 *
 * @throws {ValidationError} for a text that cannot be an id
 */
export function pathId(c: Context, what: keyof typeof SCHEMAS): string {
  return validate(SCHEMAS[what], { id: c.req.param("id") }, "the path").id;
}

/** The IP address that a request came from, or `unknown`; several people may share one. */
export function clientAddress(c: Context): string {
  const info = c.env as Partial<ClientInfo> | undefined;
  return info?.remoteAddr?.hostname ?? "unknown";
}

/** Bodies of requests that are compressed (`Content-Encoding`), decoded piece by piece. */

/** How a body may be compressed. Not `br`: Deno's decoder takes a body that breaks off for a whole one. */
const ENCODINGS = ["gzip", "x-gzip", "deflate"] as const;

/** One of the encodings that are taken. */
export type Encoding = typeof ENCODINGS[number];

/**
 * How the body of a request is compressed; undefined if it is not.
 *
 * @throws {HttpError} 415 for an encoding that is not taken, or several
 */
function encodingOf({ headers }: Request): Encoding | undefined {
  const told = headers.get("content-encoding");
  if (told === null) return undefined;
  const name = told.trim().toLowerCase(), encoding = ENCODINGS.find((known) => known === name);
  if (encoding !== undefined || name === "" || name === "identity") return encoding;
  throw new HttpError(415, "the body's Content-Encoding is not taken: send it as it is, or as gzip or deflate");
}

/** Most bytes that are decoded before others have their turn. */
const DECODED_BYTES = 64 * 1024;

/**
 * The bytes that `source` gives, decoded. No more is read than is asked for, so that a caller can stop at a limit.
 * After each piece the event loop looks after others: a short body may decode to hundreds of megabytes.
 */
export function decoded(source: ByteSource, encoding: Encoding): ByteSource {
  const decoder = createUnzip({ chunkSize: DECODED_BYTES });
  const pieces = decoder[Symbol.asyncIterator]();
  feed(source, decoder).catch((error) => decoder.destroy(error));
  return {
    async read() {
      try {
        const { done, value } = await pieces.next();
        await new Promise((resolve) => setImmediate(resolve));
        return done ? undefined : value;
      } catch (error) {
        throw error instanceof HttpError ? error : new HttpError(400, `the body cannot be decoded as ${encoding}`);
      }
    },
    cancel() {
      decoder.destroy();
      source.cancel?.();
    },
  };
}

async function feed(source: ByteSource, decoder: ReturnType<typeof createUnzip>): Promise<void> {
  for (let piece = await source.read(); piece !== undefined; piece = await source.read()) {
    // The decoder has read a piece once it calls back, and only then is the next one read.
    await new Promise<void>((resolve, reject) => decoder.write(piece, (error) => error ? reject(error) : resolve()));
  }
  decoder.end();
}
