/** Sends messages to one client: in order, never after the close, and no faster than it reads. */
import type { LossMessage, LossPoint, ServerMessage } from "../../protocol/mod.ts";
import { textFrame } from "../../service/http/server/frames.ts";
import type { ServerSocket } from "../../service/http/server/server_socket.ts";
import { log } from "../../service/process/log.ts";

/** A client counts as slow above this many unsent bytes. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** How soon to look again whether a slow client has caught up. */
const RETRY_MS = 50;
/** A client that is slow for this long without interruption has stopped reading. */
const PATIENCE_MS = 30_000;
/** The most losses held for a slow client: a megabyte or two, shared with other slow clients of its run. */
const MAX_HELD = 20_000;
/** "Try again later" in the IANA registry of close codes: the page joins its run again. */
const TRY_AGAIN_LATER = 1013;

/** The last messages of a run. Losses that are held back are sent before them. */
const ENDS: ReadonlySet<ServerMessage["type"]> = new Set(["result", "aborted", "error"]);

/** The parts of a WebSocket that are needed for sending. */
export type OutgoingSocket = Pick<ServerSocket, "readyState" | "bufferedAmount" | "send" | "close">;

/** How to send. */
export interface OutboxOptions {
  /**
   * Losses are sent when the clock shows a multiple of this, merged into one message: at the same moments to all
   * clients, so that the message is made once for all of them.
   */
  lossIntervalMs?: number;
  /** Called once when the client has been disconnected because it reads too slowly. Stop sending to it. */
  onGiveUp?(): void;
  /** How long a client may be slow; for tests. */
  patienceMs?: number;
}

/** Each message is encoded once, however many clients get it. */
const frames = new WeakMap<ServerMessage, Uint8Array>();

function frameOf(message: ServerMessage): Uint8Array {
  let frame = frames.get(message);
  if (frame === undefined) frames.set(message, frame = textFrame(JSON.stringify(message)));
  return frame;
}

/**
 * Losses that came at once, and those after them: clients that wait for the same losses share one list of them, which
 * costs tens of bytes for each. It leads forwards only, so that losses which all have sent are let go.
 */
interface Held {
  points: LossPoint[];
  latest: LossMessage;
  next?: Held;
}

const lists = new WeakMap<readonly LossMessage[], Held>();

function heldOf(messages: readonly LossMessage[]): Held {
  let held = lists.get(messages);
  if (held === undefined) {
    held = { points: messages.map(({ step, loss }) => [step, loss]), latest: messages.at(-1)! };
    lists.set(messages, held);
  }
  return held;
}

/** What was last merged up to a loss, from which step on, for as long as it is being sent. */
const merges = new WeakMap<LossMessage, { firstStep: number; merged: WeakRef<LossMessage> }>();

/** The losses from `first` to `end` as one message. */
function merge(first: Held, end: Held): LossMessage {
  const { latest } = end, firstStep = first.points[0][0];
  if (firstStep === latest.step) return latest;
  const last = merges.get(latest), known = last?.firstStep === firstStep ? last.merged.deref() : undefined;
  if (known !== undefined) return known;
  const losses = [...first.points];
  for (let held = first; held !== end;) losses.push(...(held = held.next!).points);
  const merged = { ...latest, losses };
  merges.set(latest, { firstStep, merged: new WeakRef(merged) });
  return merged;
}

/** The messages being sent to one client. */
export class Outbox {
  readonly #socket: OutgoingSocket;
  readonly #lossIntervalMs: number;
  readonly #patienceMs: number;
  readonly #onGiveUp: () => void;
  /** The losses that are held back. */
  #held?: { first: Held; last: Held; count: number };
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
    if (message.type === "loss") return this.sendLosses([message]);
    if (this.#isTooSlow()) return this.#giveUp();
    if (message.type !== "guess" || !this.congested) {
      // A slow client misses guesses, because each replaces the previous one.
      if (ENDS.has(message.type)) this.#flush();
      this.#write(message);
    }
  }

  /** Sends losses that came at once, as soon as they are due, as one message. */
  sendLosses(messages: readonly LossMessage[]) {
    if (this.#isTooSlow()) return this.#giveUp();
    this.#hold(messages);
    this.#sendLossesWhenDue();
  }

  /** Sends everything held back and closes the socket. */
  close(code: number, reason?: string) {
    this.#flush();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  /** Drops everything held back, because the client is gone. */
  discard() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = undefined;
  }

  #hold(messages: readonly LossMessage[]) {
    const last = heldOf(messages), held = this.#held;
    if (held === undefined) this.#held = { first: last, last, count: messages.length };
    else {
      held.last.next = last;
      held.last = last;
      held.count += messages.length;
    }
  }

  #isTooSlow(): boolean {
    if (!this.congested) {
      this.#slowSince = undefined;
      return false;
    }
    this.#slowSince ??= performance.now();
    return (this.#held?.count ?? 0) >= MAX_HELD || performance.now() - this.#slowSince > this.#patienceMs;
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
    const interval = this.#lossIntervalMs;
    if (!this.congested && interval === 0) return this.#flush();
    const wait = this.congested ? RETRY_MS : Math.ceil(interval - performance.now() % interval);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isTooSlow()) this.#giveUp();
      else if (this.congested) this.#sendLossesWhenDue();
      else this.#flush();
    }, wait);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#write(merge(held.first, held.last));
  }

  #write(message: ServerMessage) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frameOf(message));
  }
}
