import { HttpError } from "./errors.ts";
import type { Body } from "./exports.ts";
import { connectionLimits } from "./server/connections.ts";

/**
 * Share of the connections that may be downloads: a download keeps its file open, and files and connections share the
 * descriptors.
 */
const SHARE_OF_CONNECTIONS = 0.25;

/** Counts file downloads in progress and limits them, per address and in all. */
export class DownloadCount {
  readonly #inAll: number;
  readonly #perClient: number;
  readonly #byClient = new Map<string, number>();
  #all = 0;

  constructor(inAll = Math.floor(connectionLimits().inAll * SHARE_OF_CONNECTIONS)) {
    this.#inAll = inAll;
    this.#perClient = Math.ceil(inAll / 2);
  }

  /**
   * Opens a download that counts until it has ended.
   *
   * @throws {HttpError} 503 while there are too many
   */
  async during(client: string, open: () => Promise<Body & { content: ReadableStream }>): Promise<Body> {
    if (this.#all >= this.#inAll || (this.#byClient.get(client) ?? 0) >= this.#perClient) {
      throw new HttpError(503, "Too many models are on their way; try again in a minute.");
    }
    this.#count(client, 1);
    try {
      const { content, length } = await open();
      return { content: untilEnd(content, () => this.#count(client, -1)), length };
    } catch (error) {
      this.#count(client, -1);
      throw error;
    }
  }

  #count(client: string, change: 1 | -1) {
    this.#all += change;
    const own = (this.#byClient.get(client) ?? 0) + change;
    if (own === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, own);
  }
}

/** The same stream, which calls `onEnd` once it has ended in any way. */
function untilEnd(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  reader.closed.then(onEnd, onEnd);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
