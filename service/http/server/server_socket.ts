import { concatBytes } from "../../../core/bytes.ts";
import { CLOSE_WAIT_MS } from "../../../protocol/mod.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODES, closePayload, encodeFrame, FrameError, FrameReader, type Incoming, OPCODES } from "./frames.ts";

/** Counts the bytes that sockets hold. */
export interface SocketAccount {
  /** Records that a socket holds `bytes` more (or fewer, if negative); throws if that is too much. */
  hold(socket: ServerSocket, bytes: number): void;
}

/** Short frames are written together, up to this many bytes. */
const WRITE_BYTES = 64 * 1024;
/** What a client that broke the protocol may still send, so that it gets the reason. */
const LINGER = { ms: 1000, bytes: 256 * 1024 };
/** A client with more unsent bytes than this gets no answers to its pings. */
const MAX_UNSENT_FOR_PONG = 64 * 1024;

/** The server's side of a WebSocket: the part of the browser's `WebSocket` that this lab uses. */
export class ServerSocket extends EventTarget {
  /** One of `WebSocket.CONNECTING`, `OPEN`, `CLOSING` and `CLOSED`. */
  readyState: WebSocket["readyState"] = WebSocket.CONNECTING;
  /** Bytes of messages that are not yet written. */
  bufferedAmount = 0;
  /** When the client was last heard from, by `performance.now()`. */
  heardAt = performance.now();
  /** Whether a ping has not been answered yet. */
  isPinged = false;
  readonly #account: SocketAccount;
  readonly #reader: FrameReader;
  #connection?: Connection;
  /** Frames that are not yet written. */
  #outgoing: Uint8Array[] = [];
  #writing?: Promise<void>;
  /** What the client's latest ping asks to be sent back: only the latest must be answered (RFC 6455, section 5.5.3). */
  #pong?: Uint8Array;
  #closing?: { code: number; reason: string };

  /** @param address of the client */
  constructor(readonly address: string, account: SocketAccount) {
    super();
    this.#account = account;
    this.#reader = new FrameReader((change) => account.hold(this, change));
  }

  /** Serves the socket on a connection whose handshake is done, until it is closed. */
  async serve(connection: Connection): Promise<void> {
    this.#connection = connection;
    this.readyState = WebSocket.OPEN;
    this.heardAt = performance.now();
    this.dispatchEvent(new Event("open"));
    try {
      await this.#read(connection);
    } catch (error) {
      if (error instanceof FrameError) await this.#refuse(error, connection);
    } finally {
      this.#end(CLOSE_CODES.broken, "");
    }
  }

  /** Sends a `textFrame`, which several sockets may share, or nothing once the socket is closing. */
  send(frame: Uint8Array): void {
    if (this.readyState === WebSocket.OPEN) this.#write(frame);
  }

  /** Closes once everything sent has been written; a client that does not read it is cut off after a while. */
  close(code: number = 1000, reason = ""): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSING;
    this.#closing = { code, reason };
    this.#write(encodeFrame(OPCODES.close, closePayload(code, reason)));
    if (this.#connection !== undefined) this.#connection.dueAt = performance.now() + CLOSE_WAIT_MS;
  }

  /** Closes without waiting for the client; listeners are informed at once. */
  abandon(code: number, reason: string): void {
    this.close(code, reason);
    this.#end(code, reason);
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#connection?.close();
    this.#end(CLOSE_CODES.broken, "");
  }

  /** Sends a ping. */
  ping(): void {
    this.isPinged = true;
    if (this.readyState === WebSocket.OPEN) this.#write(encodeFrame(OPCODES.ping, new Uint8Array(0)));
  }

  /** Closes the socket if a message that was begun does not end. */
  requireProgress(): void {
    try {
      this.#reader.requireProgress();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close(error.code, error.message);
    }
  }

  async #read(connection: Connection) {
    for (;;) {
      while (connection.unread.length > 0) {
        const { used, incoming } = this.#reader.take(connection.unread);
        connection.consume(used);
        if (incoming !== undefined && this.#receive(incoming)) return await this.#writing;
        if (used === 0) break;
      }
      this.#answerPing();
      connection.shrink();
      if (!await connection.fill()) return;
    }
  }

  /** Handles an incoming message; returns whether it was the last. */
  #receive(incoming: Incoming): boolean {
    this.heardAt = performance.now();
    this.isPinged = false;
    switch (incoming.kind) {
      case "ping":
        this.#pong = incoming.bytes;
        return false;
      case "pong":
        return false;
      case "close": {
        const { code, reason } = this.#closing ?? incoming;
        // A code that must not be sent is answered with an empty frame.
        if (this.readyState === WebSocket.OPEN) {
          this.#write(encodeFrame(OPCODES.close, maySend(code) ? closePayload(code) : new Uint8Array(0)));
        }
        this.#end(code, reason);
        return true;
      }
      default:
        if (this.readyState === WebSocket.OPEN) this.#deliver(incoming.kind, incoming.bytes);
        return false;
    }
  }

  #answerPing() {
    if (this.#pong !== undefined && this.bufferedAmount < MAX_UNSENT_FOR_PONG && this.readyState === WebSocket.OPEN) {
      this.#write(encodeFrame(OPCODES.pong, this.#pong));
    }
    this.#pong = undefined;
  }

  #deliver(kind: "text" | "binary", bytes: Uint8Array<ArrayBuffer>) {
    if (kind === "binary") {
      this.dispatchEvent(new MessageEvent("message", { data: bytes.slice().buffer }));
      return;
    }
    let data: string;
    try {
      data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    } catch {
      throw new FrameError(CLOSE_CODES.invalidText, "a text is not UTF-8");
    }
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  async #refuse({ code, message }: FrameError, connection: Connection) {
    this.close(code, message);
    this.#end(code, message);
    await this.#writing;
    await connection.linger(LINGER.ms, LINGER.bytes);
  }

  #write(frame: Uint8Array) {
    this.bufferedAmount += frame.length;
    this.#outgoing.push(frame);
    try {
      this.#account.hold(this, frame.length);
    } catch {
      return this.terminate();
    }
    this.#writing ??= this.#pump().catch(() => this.terminate());
  }

  async #pump() {
    // Frames sent in the same turn are written together.
    await Promise.resolve();
    try {
      while (this.#outgoing.length > 0 && this.#connection !== undefined) {
        const bytes = this.#takeStep();
        await this.#connection.write(bytes).finally(() => this.#release(bytes.length));
      }
    } finally {
      // In the same turn as the check of the queue, so that no frame is left in it.
      this.#writing = undefined;
      for (const { length } of this.#outgoing.splice(0)) this.#release(length);
    }
  }

  /** Takes the next frame, or several short ones, from the queue. */
  #takeStep(): Uint8Array {
    let count = 1, { length } = this.#outgoing[0];
    while (count < this.#outgoing.length && length + this.#outgoing[count].length <= WRITE_BYTES) {
      length += this.#outgoing[count++].length;
    }
    const frames = this.#outgoing.splice(0, count);
    return count === 1 ? frames[0] : concatBytes(frames);
  }

  #release(bytes: number) {
    this.bufferedAmount -= bytes;
    this.#account.hold(this, -bytes);
  }

  #end(code: number, reason: string) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#reader.close();
    const closing = this.#closing;
    this.dispatchEvent(
      new CloseEvent("close", { code: closing?.code ?? code, reason: closing?.reason ?? reason, wasClean: true }),
    );
  }
}

/** Codes that a close frame may have (RFC 6455, section 7.4). */
function maySend(code: number): boolean {
  return code >= 1000 && code < 5000 && code !== CLOSE_CODES.none && code !== CLOSE_CODES.broken;
}
