/** How much one socket may still send: a bucket that fills again as time goes by. */
import { SOCKET_BURST, SOCKET_RATE } from "../../protocol/mod.ts";

export class MessageBudget {
  #messages = SOCKET_BURST.messages;
  #bytes = SOCKET_BURST.bytes;
  #filledAt: number;

  /** `now` gives milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#filledAt = now();
  }

  /** Whether a message that just came was within what its socket may send. */
  take(data: unknown): boolean {
    const now = this.now();
    const seconds = (now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#messages = Math.min(SOCKET_BURST.messages, this.#messages + SOCKET_RATE.messages * seconds) - 1;
    this.#bytes = Math.min(SOCKET_BURST.bytes, this.#bytes + SOCKET_RATE.bytes * seconds) - sizeOf(data);
    return this.#messages >= 0 && this.#bytes >= 0;
  }
}

/** Bytes or, of a text, UTF-16 units: about what it takes here. */
function sizeOf(data: unknown): number {
  if (typeof data === "string") return data.length;
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}
