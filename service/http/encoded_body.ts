/** Bodies of requests that are compressed (`Content-Encoding`), decoded piece by piece. */
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { HttpError } from "./errors.ts";
import type { ByteSource } from "./server/incoming.ts";

/** How a body may be compressed. */
const DECODERS = { "gzip": createUnzip, "x-gzip": createUnzip, "deflate": createUnzip, "br": createBrotliDecompress };

/** One of the encodings that are taken. */
export type Encoding = keyof typeof DECODERS;

/**
 * How the body of a request is compressed; undefined if it is not.
 *
 * @throws {HttpError} 415 for an encoding that is not taken, or several
 */
export function encodingOf({ headers }: Request): Encoding | undefined {
  const told = headers.get("content-encoding");
  if (told === null) return undefined;
  const encoding = told.trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return undefined;
  if (Object.hasOwn(DECODERS, encoding)) return encoding as Encoding;
  throw new HttpError(
    415,
    "the body's Content-Encoding is not taken: send it as it is, or as one of gzip, deflate, br",
  );
}

/** The bytes that `source` gives, decoded. No more is read than is asked for, so that a caller can stop at a limit. */
export function decoded(source: ByteSource, encoding: Encoding): ByteSource {
  const decoder = DECODERS[encoding]();
  const pieces = decoder[Symbol.asyncIterator]();
  feed(source, decoder).catch((error) => decoder.destroy(error));
  return {
    async read() {
      try {
        const { done, value } = await pieces.next();
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
