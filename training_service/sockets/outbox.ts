/** Sending to one client: in order, never after the close, and no faster than it reads. */
import type { LossMessage, LossPoint, ServerMessage } from "../../protocol/mod.ts";

/** Above this many bytes on their way a client counts as slow. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** When to look again whether a slow client has caught up. */
const RETRY_MS = 50;

/** Nothing comes after these, so what is held back has to come before them. */
const ENDS: ReadonlySet<ServerMessage["type"]> = new Set(["result", "aborted", "error"]);

/** The part of a WebSocket that sending needs. */
export type OutgoingSocket = Pick<WebSocket, "readyState" | "bufferedAmount" | "send" | "close">;

export interface OutboxOptions {
  /** Least time between two `loss` messages; what comes in between is merged into the next one. */
  lossIntervalMs?: number;
}

export class Outbox {
  readonly #socket: OutgoingSocket;
  readonly #lossIntervalMs: number;
  #held: LossMessage[] = [];
  #lossSentAt = -Infinity;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(socket: OutgoingSocket, { lossIntervalMs = 0 }: OutboxOptions = {}) {
    this.#socket = socket;
    this.#lossIntervalMs = lossIntervalMs;
  }

  /** Whether the client reads more slowly than it is written to. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > MAX_BUFFERED_BYTES;
  }

  /** Sends now, except for losses that come too fast: other messages overtake these, but not the one that ends the run. */
  send(message: ServerMessage) {
    if (message.type === "loss") {
      this.#held.push(message);
      this.#sendLossesWhenDue();
    } else if (message.type !== "guess" || !this.congested) {
      // A slow client misses guesses: each stands for the one before.
      if (ENDS.has(message.type)) this.#sendLosses();
      this.#write(message);
    }
  }

  /** Sends what is held back and closes. */
  close(code: number, reason?: string) {
    this.#sendLosses();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  /** Forgets what is held back: the client is gone. */
  discard() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = [];
  }

  #sendLossesWhenDue() {
    if (this.#timer !== undefined) return;
    const wait = this.congested ? RETRY_MS : this.#lossSentAt + this.#lossIntervalMs - performance.now();
    if (wait <= 0) return this.#sendLosses();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#held.length > 0) this.#sendLossesWhenDue();
    }, wait);
  }

  #sendLosses() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const latest = this.#held.at(-1);
    if (latest === undefined) return;
    const merged = this.#held.length === 1
      ? latest
      : { ...latest, losses: this.#held.map(({ step, loss }): LossPoint => [step, loss]) };
    this.#held = [];
    this.#lossSentAt = performance.now();
    this.#write(merged);
  }

  #write(message: ServerMessage) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
