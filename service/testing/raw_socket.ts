/**
 * For tests: a WebSocket client that misbehaves on request, and the bytes that such clients send. It reads only when told
 * to and does not answer pings automatically.
 */
import { concatBytes } from "../../core/bytes.ts";
import { connect, type Socket } from "node:net";

/** Kinds of frames (RFC 6455, section 5.2). */
const OPCODES = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Connects to a port of this machine from one of its addresses. Errors are left to the socket's end. */
export function connectFrom(localAddress: string, port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress }, () => resolve(socket));
    socket.on("error", () => resolve(socket));
  });
}

/** The request that opens a WebSocket. */
export function upgradeRequest(path: string, host = "localhost"): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${btoa("sixteen bytes ok")}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
}

/**
 * A frame of at most 65,535 bytes; one of several fragments if it is not the last. The mask that a client must use is all
 * zeros, as there is nothing to hide.
 */
export function clientFrame(opcode: number, payload: string | Uint8Array, isLast = true): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload, { length } = bytes;
  if (length > 0xffff) throw new RangeError("longer than this client can send");
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return concatBytes([Uint8Array.of((isLast ? 0x80 : 0) | opcode, ...head, 0, 0, 0, 0), bytes]);
}

/** One frame from the server. */
export interface Frame {
  opcode: number;
  payload: Uint8Array;
}

/** A connection to a WebSocket. */
export class RawSocket {
  readonly connection: Deno.TcpConn;
  #buffer = new Uint8Array(64 * 1024);
  #filled = 0;

  /** Use `RawSocket.open`. */
  constructor(connection: Deno.TcpConn) {
    this.connection = connection;
  }

  /** Connects to `path` of `host` (`127.0.0.1:8000`) and reads no further than the handshake. */
  static async open(host: string, path: string): Promise<RawSocket> {
    const [hostname, port] = host.split(":");
    const socket = new RawSocket(await Deno.connect({ hostname, port: Number(port) }));
    await socket.#write(new TextEncoder().encode(upgradeRequest(path, host)));
    let head = "";
    const byte = new Uint8Array(1);
    while (!head.endsWith("\r\n\r\n")) {
      if (await socket.connection.read(byte) === null) throw new Error(`the handshake was cut short: ${head}`);
      head += String.fromCharCode(byte[0]);
    }
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no handshake: ${head}`);
    return socket;
  }

  /** Sends a text of at most 65,535 bytes. */
  send(text: string): Promise<void> {
    return this.#write(clientFrame(OPCODES.text, text));
  }

  /** Answers a ping. */
  pong(payload: Uint8Array): Promise<void> {
    return this.#write(clientFrame(OPCODES.pong, payload));
  }

  /** The next frame, or undefined once the server has closed the connection. */
  async read(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#filled === this.#buffer.length) this.#grow();
      const count = await this.connection.read(this.#buffer.subarray(this.#filled)).catch(() => null);
      if (count === null) return undefined;
      this.#filled += count;
    }
  }

  /** Reads to the end and returns code and reason of the close frame, if there was one. */
  async readToEnd(): Promise<{ code: number; reason: string } | undefined> {
    for (let frame = await this.read(); frame !== undefined; frame = await this.read()) {
      if (frame.opcode !== OPCODES.close) continue;
      const [high = 0, low = 0, ...reason] = frame.payload;
      return { code: 256 * high + low, reason: new TextDecoder().decode(new Uint8Array(reason)) };
    }
  }

  /** Reads until the server closes the connection: answers pings and passes each text to `onText`. */
  async follow(onText: (payload: Uint8Array) => void): Promise<void> {
    for (let frame = await this.read(); frame !== undefined; frame = await this.read()) {
      if (frame.opcode === OPCODES.text) onText(frame.payload);
      else if (frame.opcode === OPCODES.ping) await this.pong(frame.payload);
      else if (frame.opcode === OPCODES.close) return;
    }
  }

  /** Closes the connection without a close frame. */
  close(): void {
    try {
      this.connection.close();
    } catch {
      // Already closed.
    }
  }

  #take(): Frame | undefined {
    const view = new DataView(this.#buffer.buffer);
    if (this.#filled < 2) return undefined;
    const short = this.#buffer[1] & 127;
    const begin = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (this.#filled < begin) return undefined;
    const length = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (this.#filled < begin + length) return undefined;
    const frame = { opcode: this.#buffer[0] & 15, payload: this.#buffer.slice(begin, begin + length) };
    this.#buffer.copyWithin(0, begin + length, this.#filled);
    this.#filled -= begin + length;
    return frame;
  }

  #grow() {
    const larger = new Uint8Array(2 * this.#buffer.length);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.connection.write(bytes.subarray(sent));
  }
}
