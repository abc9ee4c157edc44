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
  #inChunk = false;
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

  /** Whether it was read to its end, so that another request may follow. */
  get isOver(): boolean {
    return this.#isOver;
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
    if (this.#isChunked && this.#left === 0 && !await this.#beginChunk()) return undefined;
    if (this.#connection.unread.length === 0) await this.#fill();
    const piece = this.#connection.unread.subarray(0, this.#left);
    this.#taken = piece.length;
    this.#left -= piece.length;
    this.#isOver = this.#left === 0 && !this.#isChunked;
    this.#bytes += piece.length;
    if (++this.#pieces > MAX_BODY_PIECES + this.#bytes / MIN_PIECE_BYTES) {
      throw new HttpError(400, "the body comes in too many small pieces");
    }
    return piece;
  }

  /** Skips the end of the previous chunk and reads the size of the next one; returns false at the end of the body. */
  async #beginChunk(): Promise<boolean> {
    if (this.#inChunk && await this.#line(2) !== "") throw malformed();
    this.#inChunk = true;
    const size = /^([\da-fA-F]{1,8})[\t ]*(?:;.*)?$/.exec(await this.#line(MAX_CHUNK_LINE))?.[1];
    if (size === undefined) throw malformed();
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return true;
    for (let bytes = 0;;) {
      const trailer = await this.#line(MAX_CHUNK_LINE);
      if (trailer === "") break;
      if ((bytes += trailer.length) > MAX_TRAILER_BYTES) throw malformed();
    }
    this.#isOver = true;
    return false;
  }

  /** The next line, without its end. */
  async #line(maxBytes: number): Promise<string> {
    for (;;) {
      const { unread } = this.#connection;
      const end = unread.subarray(0, maxBytes).indexOf(LF);
      if (end > 0 && unread[end - 1] === CR) {
        const line = String.fromCharCode(...unread.subarray(0, end - 1));
        this.#connection.consume(end + 1);
        return line;
      }
      if (end !== -1 || unread.length >= maxBytes) throw malformed();
      await this.#fill();
    }
  }

  async #fill() {
    if (!await this.#connection.fill()) throw new HttpError(400, "the body broke off before its end");
  }
}

function malformed(): HttpError {
  return new HttpError(400, "the chunks of the body are malformed");
}
