/** An incoming request, and its body as it arrives. */
import { MAX_BODY_PIECES, MIN_PIECE_BYTES } from "../../../protocol/mod.ts";
import { HttpError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { RequestHead } from "./request_head.ts";

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
/** Longest line between chunks, including extensions, and most bytes of trailers. */
const MAX_CHUNK_LINE = 256, MAX_TRAILER_BYTES = 8 * 1024;
const CR = 13, LF = 10;

/**
 * A source of bytes, one piece after the other; `undefined` is the end. A piece is valid until the next one is read.
 */
export interface ByteSource {
  read(): Promise<Uint8Array | undefined>;
  /** Signals that nothing more will be read. */
  cancel?(): void;
}

/** A request of this server. Its body is read by `readBytes`; as a `Request` it has none. */
export class IncomingRequest extends Request {
  /** Called by the server with the connection once the answer 101 is written: from then on it is the app's. */
  takeOver?: (connection: Connection) => Promise<void>;
  /** Called instead if that answer cannot be written. */
  onDropped?: () => void;

  constructor(head: RequestHead, readonly source: IncomingBody) {
    super(head.url, { method: head.method, headers: head.headers });
  }
}

/** The body of a request on its connection. */
export class IncomingBody implements ByteSource {
  readonly #connection: Connection;
  readonly #isChunked: boolean;
  /** Bytes until the end of the body or of the chunk. */
  #left: number;
  #isOver: boolean;
  #expectsContinue: boolean;
  /** What the next line between chunks is. */
  #line: "size" | "end of chunk" | "trailer" = "size";
  #trailerBytes = 0;
  #taken = 0;
  #pieces = 0;
  #bytes = 0;

  constructor(connection: Connection, { bodyLength, expectsContinue }: RequestHead) {
    this.#connection = connection;
    this.#isChunked = bodyLength === "chunked";
    this.#left = bodyLength === "chunked" ? 0 : bodyLength;
    this.#isOver = bodyLength === 0;
    this.#expectsContinue = expectsContinue;
  }

  /** Whether it was read to its end and is used, so that another request may follow. */
  get isOver(): boolean {
    return this.#isOver && this.#taken === 0;
  }

  /** The whole body if it came with its head, as a view that is valid until the next request is read. */
  takeWhole(): Uint8Array | undefined {
    const { unread } = this.#connection;
    if (this.#isChunked || this.#pieces > 0 || unread.length < this.#left) return undefined;
    const whole = unread.subarray(0, this.#left);
    this.#connection.consume(this.#left);
    this.#left = 0;
    this.#isOver = true;
    return whole;
  }

  /**
   * The next piece.
   *
   * @throws {HttpError} 400 for a body that is cut short, malformed, or comes in too many small pieces
   */
  async read(): Promise<Uint8Array | undefined> {
    this.#connection.consume(this.#taken);
    this.#taken = 0;
    if (this.#isOver) return undefined;
    if (this.#expectsContinue) {
      this.#expectsContinue = false;
      await this.#connection.write(CONTINUE);
    }
    for (;;) {
      const { unread } = this.#connection;
      if (unread.length > 0) {
        const length = this.#isChunked ? this.#takeChunks(unread) : this.#take(unread);
        if (length > 0) return unread.subarray(0, length);
        if (this.#isOver) return undefined;
      }
      if (!await this.#connection.fill()) throw new HttpError(400, "the body broke off before its end");
    }
  }

  /** Takes bytes of a body that declared its length; returns how many. */
  #take(unread: Uint8Array): number {
    const length = Math.min(this.#left, unread.length);
    this.#taken = length;
    this.#left -= length;
    this.#isOver = this.#left === 0;
    this.#count(length);
    return length;
  }

  /**
   * Takes all chunks that have arrived, and moves their contents together at the start of `unread`: then small chunks cost
   * little more than their bytes. Returns the length of the contents.
   */
  #takeChunks(unread: Uint8Array): number {
    let at = 0, length = 0;
    while (!this.#isOver) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, unread.length - at);
        unread.copyWithin(length, at, at + part);
        at += part;
        length += part;
        this.#left -= part;
        this.#count(part);
        if (this.#left > 0) break;
        this.#line = "end of chunk";
      }
      const rest = unread.subarray(at, at + MAX_CHUNK_LINE), end = rest.indexOf(LF);
      if (end === -1 && rest.length < MAX_CHUNK_LINE) break;
      if (end < 1 || rest[end - 1] !== CR) throw malformed();
      this.#takeLine(String.fromCharCode(...rest.subarray(0, end - 1)));
      at += end + 1;
    }
    if (length > 0) this.#taken = at;
    else {
      this.#connection.consume(at);
      this.#count(0);
    }
    return length;
  }

  /** Takes a line between chunks, without its end. */
  #takeLine(line: string) {
    if (this.#line === "trailer") {
      if ((this.#trailerBytes += line.length) > MAX_TRAILER_BYTES) throw malformed();
      this.#isOver = line === "";
    } else if (this.#line === "end of chunk") {
      if (line !== "") throw malformed();
      this.#line = "size";
    } else {
      const size = /^([\da-fA-F]{1,8})[\t ]*(?:;.*)?$/.exec(line)?.[1];
      if (size === undefined) throw malformed();
      this.#left = parseInt(size, 16);
      if (this.#left === 0) this.#line = "trailer";
    }
  }

  /** Counts a piece of the body, and throws if there are too many for their bytes. */
  #count(bytes: number) {
    this.#bytes += bytes;
    if (++this.#pieces > MAX_BODY_PIECES + this.#bytes / MIN_PIECE_BYTES) {
      throw new HttpError(400, "the body comes in too many small pieces");
    }
  }
}

function malformed(): HttpError {
  return new HttpError(400, "the chunks of the body are malformed");
}
