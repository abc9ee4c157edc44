import { clientAt } from "../../process/addresses.ts";
import type { Turns } from "./turns.ts";

/** Sizes of a connection's buffer in bytes: at first, between requests, and at most. */
const FIRST_BUFFER = 2 * 1024, USUAL_BUFFER = 16 * 1024, MAX_BUFFER = 64 * 1024;

/** Bytes written in one step, which must be done within `sendMs`. */
const WRITE_BYTES = 64 * 1024;

/** The part of a `Deno.TcpConn` that a `Connection` needs. */
export type ByteChannel = Pick<Deno.TcpConn, "read" | "write" | "closeWrite" | "close">;

/**
 * A client's TCP connection. It reads into one buffer and writes in steps, and its owner closes it once it is overdue.
 */
export class Connection {
  /** When the current operation must be finished, by `performance.now()`. */
  dueAt = Infinity;
  /** When the client must have read the data being written. */
  #writeDueAt = Infinity;
  /** Whether it is waiting for a request, so that it can be closed without loss. */
  isIdle = true;
  /** Since when it has been idle, by `performance.now()`. */
  idleSince = performance.now();
  /** The client at its other end, which may be a proxy. */
  readonly peer: string;
  /** The client that its input is from: the peer, or the one for which a proxy passed on the latest request. */
  client: string;
  readonly #channel: ByteChannel;
  readonly #sendMs: number;
  readonly #turns?: Turns;
  #buffer = new Uint8Array(FIRST_BUFFER);
  #start = 0;
  #end = 0;
  #isClosed = false;
  /** Whether the last read filled the buffer, so that a larger one might have received more. */
  #wasFull = false;
  #filling?: Promise<boolean>;

  /**
   * @param address of the peer, without its port
   * @param sendMs milliseconds that a client may take to read one written step
   * @param turns in which its input is handed out
   */
  constructor(channel: ByteChannel, readonly address: string, sendMs: number, turns?: Turns) {
    this.client = this.peer = clientAt(address);
    this.#channel = channel;
    this.#sendMs = sendMs;
    this.#turns = turns;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether its time is over, so that its owner should close it. */
  isOverdue(now: number): boolean {
    return now > this.dueAt || now > this.#writeDueAt;
  }

  /** The bytes read but not yet consumed; valid until the next `fill`. */
  get unread(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Skips the first `count` unread bytes. */
  consume(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
  }

  /**
   * Reads more, and returns when it is this client's turn; false at the client's end. Rejects if the connection is broken
   * or closed. Joins an earlier read that its caller no longer waits for.
   */
  fill(): Promise<boolean> {
    return this.#filling ??= this.#read();
  }

  /** Frees most of a large buffer, for a connection that may be silent for long. */
  shrink(): void {
    if (this.#end === 0 && this.#buffer.length > USUAL_BUFFER) this.#buffer = new Uint8Array(FIRST_BUFFER);
  }

  /** Writes all of `bytes`. Rejects if the client does not read a step in time. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      this.#writeDueAt = performance.now() + this.#sendMs;
      sent += await this.#channel.write(bytes.subarray(sent, sent + WRITE_BYTES));
    }
    this.#writeDueAt = Infinity;
  }

  /**
   * Says that nothing more will be written, and passes over what still comes, for a while: to close with unread input
   * would take from the client what was written last.
   */
  async linger(ms: number, bytes: number): Promise<void> {
    this.dueAt = performance.now() + ms;
    await this.#channel.closeWrite().catch(() => {});
    for (let left = bytes; left > 0; left -= this.unread.length) {
      this.consume(this.unread.length);
      if (!await this.fill()) return;
    }
  }

  /** Closes the connection; pending operations reject. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#buffer = new Uint8Array(0);
    this.#start = this.#end = 0;
    try {
      this.#channel.close();
    } catch {
      // The client has already closed it.
    }
  }

  async #read(): Promise<boolean> {
    try {
      this.#makeRoom();
      const count = await this.#channel.read(this.#buffer.subarray(this.#end));
      if (count === null) return false;
      this.#end += count;
      this.#wasFull = this.#end === this.#buffer.length;
      await this.#turns?.next(this.client);
      return true;
    } finally {
      this.#filling = undefined;
    }
  }

  #makeRoom() {
    if (this.#isClosed) throw new Deno.errors.BadResource("the connection was cut");
    const { unread } = this;
    if (this.#wasFull && this.#buffer.length < MAX_BUFFER) {
      this.#buffer = new Uint8Array(this.#buffer.length < USUAL_BUFFER ? USUAL_BUFFER : MAX_BUFFER);
      this.#buffer.set(unread);
    } else if (this.#end === this.#buffer.length) this.#buffer.copyWithin(0, this.#start, this.#end);
    else return;
    this.#start = 0;
    this.#end = unread.length;
  }
}
