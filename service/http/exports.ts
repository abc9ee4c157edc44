import { TaskQueue } from "../../core/task_queue.ts";
import { EXPORT_DEADLINE_MS, LARGE_EXPORT_BYTES, MAX_EXPORT_BYTES, MAX_IDLE_EXPORT_BYTES } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";
import { connectionLimits } from "./server/connections.ts";

/** Limits of `Exports`. */
export interface ExportLimits {
  /** Files smaller than this are always made and sent. */
  largeBytes: number;
  /** The most bytes of all large files that are being made or sent. */
  maxBytes: number;
  /** The most of these bytes that only one address has requested; half of all by default. */
  maxBytesPerClient?: number;
  /** The most bytes of files that are no longer being downloaded, kept for the next client. */
  idleBytes?: number;
  /** Milliseconds after which the download of a large file is cut off. */
  deadlineMs: number;
}

const LIMITS: ExportLimits = {
  largeBytes: LARGE_EXPORT_BYTES,
  maxBytes: MAX_EXPORT_BYTES,
  idleBytes: MAX_IDLE_EXPORT_BYTES,
  deadlineMs: EXPORT_DEADLINE_MS,
};
/** Files are sent in pieces of this size. */
const PIECE_BYTES = 64 * 1024;

/** The body of an answer. */
export interface Body {
  content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** In bytes. */
  length: number;
}

/** A requested file, and the client that requests it. */
export interface ExportRequest {
  /** Equal for files with the same content. */
  key: string;
  /** An address. */
  client: string;
}

/** A large file in memory. */
interface Export {
  file: Promise<Uint8Array<ArrayBuffer>>;
  /** Approximate until it is made. */
  bytes: number;
  /** Downloads in progress, by address. */
  users: Map<string, number>;
}

/**
 * Sends model files in formats that are made on request. Each file is made once and shared by its clients. Files are
 * made one after the other, and only a few are in memory at once, because clients may read slowly.
 */
export class Exports {
  readonly #limits: Required<ExportLimits>;
  /** The most recently used last. */
  readonly #exports = new Map<string, Export>();
  /** One file is made at a time, because making it needs its length in memory a second time. */
  readonly #making = new TaskQueue();
  #unnamed = 0;

  constructor(limits: ExportLimits = LIMITS) {
    this.#limits = { maxBytesPerClient: limits.maxBytes / 2, idleBytes: 0, ...limits };
  }

  /**
   * Returns the file that `make` makes as a body. A large file counts until it is sent, its client is gone, or its
   * deadline has passed.
   *
   * @param bytes approximate length of the file
   * @param request by default a file of its own
   * @throws {HttpError} 503 while too many large files are being sent
   */
  async send(
    bytes: number,
    make: () => Promise<Uint8Array<ArrayBuffer>>,
    { key, client }: ExportRequest = { key: `unnamed ${this.#unnamed++}`, client: "unknown" },
  ): Promise<Body> {
    if (bytes < this.#limits.largeBytes) return wholeOf(await make());
    const entry = this.#exports.get(key) ?? this.#begin(key, bytes, make, client);
    entry.users.set(client, (entry.users.get(client) ?? 0) + 1);
    this.#exports.delete(key);
    this.#exports.set(key, entry);
    const release = () => this.#release(key, entry, client);
    try {
      const file = await entry.file;
      entry.bytes = file.length;
      return { content: piecesOf(file, this.#limits.deadlineMs, release), length: file.length };
    } catch (error) {
      if (this.#exports.get(key) === entry) this.#exports.delete(key);
      release();
      throw error;
    }
  }

  #begin(key: string, bytes: number, make: () => Promise<Uint8Array<ArrayBuffer>>, client: string): Export {
    this.#makeRoom(bytes, client);
    const entry: Export = { file: this.#making.run(make), bytes, users: new Map() };
    this.#exports.set(key, entry);
    return entry;
  }

  #makeRoom(bytes: number, client: string) {
    for (const [key, { users }] of this.#exports) {
      if (this.#sum() + bytes <= this.#limits.maxBytes) break;
      if (users.size === 0) this.#exports.delete(key);
    }
    const all = this.#sum(({ users }) => users.size > 0);
    const own = this.#sum(({ users }) => users.has(client) && users.size === 1);
    const { maxBytes, maxBytesPerClient } = this.#limits;
    // One alone always fits.
    if (all > 0 && (all + bytes > maxBytes || own > 0 && own + bytes > maxBytesPerClient)) {
      throw new HttpError(503, "Too many large models are on their way; try again in a minute.");
    }
  }

  #release(key: string, entry: Export, client: string) {
    const rest = (entry.users.get(client) ?? 1) - 1;
    if (rest > 0) return entry.users.set(client, rest);
    entry.users.delete(client);
    if (entry.users.size > 0) return;
    for (const [key, { users }] of this.#exports) {
      if (this.#sum(({ users }) => users.size === 0) <= this.#limits.idleBytes) return;
      if (users.size === 0) this.#exports.delete(key);
    }
    if (this.#limits.idleBytes === 0 && this.#exports.get(key) === entry) this.#exports.delete(key);
  }

  #sum(counts: (entry: Export) => boolean = () => true): number {
    return [...this.#exports.values()].filter(counts).reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

function wholeOf(file: Uint8Array<ArrayBuffer>): Body {
  return { content: file, length: file.length };
}

/**
 * A file as a stream of views, so that it is in memory only once, however many clients read it slowly.
 *
 * @param onEnd called once, however the download ends
 */
export function piecesOf(
  file: Uint8Array<ArrayBuffer>,
  deadlineMs = EXPORT_DEADLINE_MS,
  onEnd: () => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  let at = 0;
  const end = () => {
    clearTimeout(deadline);
    onEnd();
  };
  return new ReadableStream({
    start(controller) {
      deadline = setTimeout(() => {
        controller.error(new Error("the download took too long"));
        onEnd();
      }, deadlineMs);
      // A client that has stopped reading must not keep the service from ending.
      Deno.unrefTimer(Number(deadline));
    },
    pull(controller) {
      controller.enqueue(file.subarray(at, at += PIECE_BYTES));
      if (at < file.length) return;
      controller.close();
      end();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

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
