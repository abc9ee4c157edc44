/** Bodies of requests that are compressed (`Content-Encoding`), decoded piece by piece. */
import { createUnzip } from "node:zlib";
import { HttpError } from "./errors.ts";
import type { ByteSource } from "./server/incoming.ts";

/** How a body may be compressed. Not `br`: Deno's decoder takes a body that breaks off for a whole one. */
const ENCODINGS = ["gzip", "x-gzip", "deflate"] as const;

/** One of the encodings that are taken. */
export type Encoding = typeof ENCODINGS[number];

/**
 * How the body of a request is compressed; undefined if it is not.
 *
 * @throws {HttpError} 415 for an encoding that is not taken, or several
 */
export function encodingOf({ headers }: Request): Encoding | undefined {
  const told = headers.get("content-encoding");
  if (told === null) return undefined;
  const name = told.trim().toLowerCase(), encoding = ENCODINGS.find((known) => known === name);
  if (encoding !== undefined || name === "" || name === "identity") return encoding;
  throw new HttpError(415, "the body's Content-Encoding is not taken: send it as it is, or as gzip or deflate");
}

/** The bytes that `source` gives, decoded. No more is read than is asked for, so that a caller can stop at a limit. */
export function decoded(source: ByteSource, encoding: Encoding): ByteSource {
  const decoder = createUnzip();
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
