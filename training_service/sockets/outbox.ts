/** Sends messages to one client: in order, never after the close, and no faster than it reads. */
import type { LossMessage, LossPoint, ServerMessage } from "../../protocol/mod.ts";
import type { ServerSocket } from "../../service/http/server/server_socket.ts";
import { log } from "../../service/process/log.ts";

/** A client counts as slow above this many unsent bytes. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** How soon to look again whether a slow client has caught up. */
const RETRY_MS = 50;
/** A client that is slow for this long without interruption has stopped reading. */
const PATIENCE_MS = 30_000;
/** The most losses held for a slow client: a few megabytes. */
const MAX_HELD = 20_000;
/** "Try again later" in the IANA registry of close codes: the page joins its run again. */
const TRY_AGAIN_LATER = 1013;

/** The last messages of a run. Losses that are held back are sent before them. */
const ENDS: ReadonlySet<ServerMessage["type"]> = new Set(["result", "aborted", "error"]);

/** The parts of a WebSocket that are needed for sending. */
export type OutgoingSocket = Pick<ServerSocket, "readyState" | "bufferedAmount" | "send" | "close">;

/** How to send. */
export interface OutboxOptions {
  /** The least time between two `loss` messages; losses in between are merged into the next. */
  lossIntervalMs?: number;
  /** Called once when the client has been disconnected because it reads too slowly. Stop sending to it. */
  onGiveUp?(): void;
  /** How long a client may be slow; for tests. */
  patienceMs?: number;
}

/** The messages being sent to one client. */
export class Outbox {
  readonly #socket: OutgoingSocket;
  readonly #lossIntervalMs: number;
  readonly #patienceMs: number;
  readonly #onGiveUp: () => void;
  #held: LossMessage[] = [];
  #lossSentAt = -Infinity;
  #timer?: ReturnType<typeof setTimeout>;
  /** Since when the client has been slow without interruption. */
  #slowSince?: number;

  constructor(socket: OutgoingSocket, options: OutboxOptions = {}) {
    const { lossIntervalMs = 0, patienceMs = PATIENCE_MS, onGiveUp = () => {} } = options;
    this.#socket = socket;
    this.#lossIntervalMs = lossIntervalMs;
    this.#patienceMs = patienceMs;
    this.#onGiveUp = onGiveUp;
  }

  /** Whether the client reads more slowly than messages are sent. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > MAX_BUFFERED_BYTES;
  }

  /**
   * Sends at once, except losses that come too fast. Other messages overtake these, but the last message of a run does
   * not.
   */
  send(message: ServerMessage) {
    if (this.#isTooSlow()) return this.#giveUp();
    if (message.type === "loss") {
      this.#held.push(message);
      this.#sendLossesWhenDue();
    } else if (message.type !== "guess" || !this.congested) {
      // A slow client misses guesses, because each replaces the previous one.
      if (ENDS.has(message.type)) this.#sendLosses();
      this.#write(message);
    }
  }

  /** Sends everything held back and closes the socket. */
  close(code: number, reason?: string) {
    this.#sendLosses();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  /** Drops everything held back, because the client is gone. */
  discard() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = [];
  }

  #isTooSlow(): boolean {
    if (!this.congested) {
      this.#slowSince = undefined;
      return false;
    }
    this.#slowSince ??= performance.now();
    return this.#held.length >= MAX_HELD || performance.now() - this.#slowSince > this.#patienceMs;
  }

  /** Disconnects the client. At `/ws/runs/{id}` it finds its run again, with everything it missed in one message. */
  #giveUp() {
    this.discard();
    this.#slowSince = undefined;
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    log.warn("a client that does not read was closed");
    this.#socket.close(TRY_AGAIN_LATER, "not read fast enough; join again at /ws/runs/{id}");
    this.#onGiveUp();
  }

  #sendLossesWhenDue() {
    if (this.#timer !== undefined) return;
    const wait = this.congested ? RETRY_MS : this.#lossSentAt + this.#lossIntervalMs - performance.now();
    if (wait <= 0) return this.#sendLosses();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isTooSlow()) this.#giveUp();
      else if (this.#held.length > 0) this.#sendLossesWhenDue();
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
