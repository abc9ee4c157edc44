/** The frames of a WebSocket, from the server's side (RFC 6455, section 5). */
import { Buffer } from "node:buffer";
import { MAX_FRAGMENTS, MAX_MESSAGE_BYTES, MESSAGE_DEADLINE_MS, SOCKET_FRAMES } from "../../../protocol/mod.ts";

/** Kinds of frames. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Codes of a close (section 7.4). */
export const CLOSE_CODES = {
  protocolError: 1002,
  invalidText: 1007,
  policyViolation: 1008,
  goingAway: 1001,
  none: 1005,
  broken: 1006,
} as const;

/** A frame being received: the number of bytes still to come, and those received. */
interface Frame {
  opcode: number;
  isLast: boolean;
  left: number;
  at: number;
}

/** Something that a client sent. A text or binary message longer than the limit is cut just after it. */
export type Incoming =
  | { kind: "text" | "binary"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "ping" | "pong"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "close"; code: number; reason: string };

/** Thrown if a client breaks the protocol or a limit; its socket is closed with `code`. */
export class FrameError extends Error {
  override name = "FrameError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** A frame from the server, as bytes. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload, begin = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = new Uint8Array(begin + length), view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = begin === 2 ? length : begin === 4 ? 126 : 127;
  if (begin === 4) view.setUint16(2, length);
  if (begin === 10) view.setBigUint64(2, BigInt(length));
  frame.set(payload, begin);
  return frame;
}

const encoder = new TextEncoder();

/** A text as a frame. */
export function textFrame(text: string): Uint8Array {
  return encodeFrame(OPCODES.text, encoder.encode(text));
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ""): Buffer {
  const text = Buffer.from(reason).subarray(0, 123);
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), text]);
}

/**
 * Reads a client's frames. It holds at most one message, and no more of it than the limit. Fragments are counted,
 * frames are rate-limited, and a message must be finished in time.
 */
export class FrameReader {
  /** Since when a message is unfinished, by `performance.now()`. */
  unfinishedSince?: number;
  readonly #now: () => number;
  readonly #onHeld: (change: number) => void;
  #kind: "text" | "binary" = "text";
  #message: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #filled = 0;
  #fragments = 0;
  /** The frame that is being read, and its mask. */
  #frame?: Frame;
  readonly #mask = new Uint8Array(4);
  #control = new Uint8Array(125);
  #frames: number = SOCKET_FRAMES.burst;
  #bytes: number = SOCKET_FRAMES.burstBytes;
  #filledAt: number;

  /**
   * @param onHeld called with the change, in bytes, of what an unfinished message holds
   * @param now milliseconds; another clock in tests
   */
  constructor(onHeld: (change: number) => void = () => {}, now: () => number = () => performance.now()) {
    this.#onHeld = onHeld;
    this.#now = now;
    this.#filledAt = now();
  }

  /**
   * Takes what it can use from the beginning of `bytes`. `used` is the number of bytes taken; `incoming` is set once
   * something is complete.
   *
   * @throws {FrameError} for a client that breaks the protocol or a limit
   */
  take(bytes: Uint8Array): { used: number; incoming?: Incoming } {
    let used = 0;
    if (this.#frame === undefined) {
      used = this.#begin(bytes);
      if (this.#frame === undefined) return { used };
    }
    const frame: Frame = this.#frame;
    const count = Math.min(frame.left, bytes.length - used);
    this.#spendBytes(count);
    this.#copy(frame, bytes.subarray(used, used + count));
    frame.left -= count;
    used += count;
    if (frame.left > 0) return { used };
    this.#frame = undefined;
    return { used, incoming: frame.opcode >= OPCODES.close ? this.#endControl(frame) : this.#endData(frame.isLast) };
  }

  /** Forgets what it holds. */
  close(): void {
    this.#release();
  }

  /** @throws {FrameError} if a message was begun long ago and is not finished */
  requireProgress(): void {
    if (this.unfinishedSince !== undefined && this.#now() - this.unfinishedSince > MESSAGE_DEADLINE_MS) {
      throw new FrameError(CLOSE_CODES.policyViolation, "a message took too long");
    }
  }

  /** Reads the head of a frame once it is complete, and returns its length. */
  #begin(bytes: Uint8Array): number {
    if (bytes.length < 2) return 0;
    const short = bytes[1] & 127;
    const long = short < 126 ? 0 : short === 126 ? 2 : 8;
    const begin = 2 + long + 4;
    if (bytes.length < begin) return 0;
    const opcode = bytes[0] & 15, isLast = (bytes[0] & 0x80) !== 0;
    if ((bytes[0] & 0x70) !== 0) throw new FrameError(CLOSE_CODES.protocolError, "a reserved bit is set");
    if ((bytes[1] & 0x80) === 0) throw new FrameError(CLOSE_CODES.protocolError, "a client must mask its frames");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const left = long === 0 ? short : long === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    this.#require(opcode, isLast, left);
    this.#spendFrame();
    this.#mask.set(bytes.subarray(begin - 4, begin));
    this.#frame = { opcode, isLast, left, at: 0 };
    return begin;
  }

  #require(opcode: number, isLast: boolean, length: number) {
    if (opcode >= OPCODES.close) {
      if (opcode > OPCODES.pong || !isLast || length > 125) {
        throw new FrameError(CLOSE_CODES.protocolError, "a control frame is malformed");
      }
      return;
    }
    const isContinuation = opcode === OPCODES.continuation;
    if (opcode > OPCODES.binary || isContinuation !== (this.unfinishedSince !== undefined)) {
      throw new FrameError(CLOSE_CODES.protocolError, "a frame is out of place");
    }
    if (!isContinuation) {
      this.unfinishedSince = this.#now();
      this.#kind = opcode === OPCODES.text ? "text" : "binary";
      this.#fragments = 0;
    }
    if (++this.#fragments > MAX_FRAGMENTS) {
      throw new FrameError(CLOSE_CODES.policyViolation, "a message has too many fragments");
    }
  }

  #copy(frame: Frame, masked: Uint8Array) {
    const isControl = frame.opcode >= OPCODES.close;
    const room = isControl ? masked.length : Math.max(0, MAX_MESSAGE_BYTES + 1 - this.#filled);
    const count = Math.min(masked.length, room);
    if (!isControl) this.#grow(this.#filled + count);
    const target = isControl ? this.#control : this.#message, from = isControl ? frame.at : this.#filled;
    const mask = this.#mask;
    for (let i = 0; i < count; i++) target[from + i] = masked[i] ^ mask[(frame.at + i) & 3];
    frame.at += masked.length;
    if (!isControl) this.#filled += count;
  }

  #endControl({ opcode, at }: { opcode: number; at: number }): Incoming {
    const bytes = this.#control.slice(0, at);
    if (opcode !== OPCODES.close) return { kind: opcode === OPCODES.ping ? "ping" : "pong", bytes };
    if (at === 1) throw new FrameError(CLOSE_CODES.protocolError, "a close frame is malformed");
    const code = at === 0 ? CLOSE_CODES.none : 256 * bytes[0] + bytes[1];
    return { kind: "close", code, reason: new TextDecoder().decode(bytes.subarray(2)) };
  }

  #endData(isLast: boolean): Incoming | undefined {
    if (!isLast) return undefined;
    const bytes = this.#message.subarray(0, this.#filled);
    this.#release();
    return { kind: this.#kind, bytes };
  }

  #release() {
    this.#onHeld(-this.#message.length);
    this.#message = new Uint8Array(0);
    this.#filled = 0;
    this.unfinishedSince = undefined;
  }

  #grow(bytes: number) {
    if (bytes <= this.#message.length) return;
    const larger = new Uint8Array(Math.min(MAX_MESSAGE_BYTES + 1, Math.max(bytes, 2 * this.#message.length)));
    larger.set(this.#message.subarray(0, this.#filled));
    this.#onHeld(larger.length - this.#message.length);
    this.#message = larger;
  }

  #spendFrame() {
    const now = this.#now(), seconds = (now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#frames = Math.min(SOCKET_FRAMES.burst, this.#frames + SOCKET_FRAMES.perSecond * seconds) - 1;
    this.#bytes = Math.min(SOCKET_FRAMES.burstBytes, this.#bytes + SOCKET_FRAMES.bytesPerSecond * seconds);
    if (this.#frames < 0) throw new FrameError(CLOSE_CODES.policyViolation, "too many frames");
  }

  #spendBytes(count: number) {
    this.#bytes -= count;
    if (this.#bytes < 0) throw new FrameError(CLOSE_CODES.policyViolation, "too many bytes");
  }
}
