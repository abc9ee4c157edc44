/**
 * Shares the connections of clients out among the serving threads. The system does so by chance, and a thread that comes
 * later gets none of those that are already open: whose thread has more connections than another would wait longer at each
 * request. So a thread with more than its share announces `Connection: close` in some answers; those clients connect anew.
 */

/** How often a thread takes stock. */
const INTERVAL_MS = 250;

/** A connection counts as long as it has asked for something in that time. */
export const QUIET_MS = 1000;

/** Connections above a thread's share that are left to it, so that clients that come and go move nobody. */
const SLACK = 1;

const NOT_LISTENING = -1;

export type Fetch = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

/** How many connections each thread has, in memory that all threads see. */
export class ConnectionCounts {
  readonly #counts: Int32Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.#counts = new Int32Array(memory);
  }

  static of(threads: number): ConnectionCounts {
    const counts = new ConnectionCounts(new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT));
    for (let thread = 0; thread < threads; thread++) counts.leave(thread);
    return counts;
  }

  set(thread: number, count: number): void {
    Atomics.store(this.#counts, thread, count);
  }

  /** The thread does not listen, or no longer. */
  leave(thread: number): void {
    this.set(thread, NOT_LISTENING);
  }

  /** What each of the threads that listen would have if all had the same, rounded up. */
  share(): number {
    const counts = Array.from(this.#counts.keys(), (thread) => Atomics.load(this.#counts, thread));
    const listening = counts.filter((count) => count !== NOT_LISTENING);
    return Math.ceil(listening.reduce((sum, count) => sum + count, 0) / listening.length);
  }
}

/** The connections of one thread. */
export class ConnectionShare {
  /** When each of them asked last, by the client's address. */
  readonly #seen = new Map<string, number>();
  /** Connections that were sent away since stock was taken: they count until they can be seen elsewhere. */
  #sentAway = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly counts: ConnectionCounts, private readonly thread: number) {
    this.#publish();
    this.#timer = setInterval(() => this.takeStock(performance.now()), INTERVAL_MS);
    Deno.unrefTimer(Number(this.#timer));
  }

  /** `fetch`, with `Connection: close` in answers to connections that this thread has too many of. */
  balance(fetch: Fetch): Fetch {
    return async (request, info) => {
      const { hostname, port } = info.remoteAddr, isOver = this.#isOver(`${hostname} ${port}`);
      const response = await fetch(request, info);
      if (isOver) response.headers.set("connection", "close");
      return response;
    };
  }

  /** Forgets who has been quiet by `now`, in milliseconds; happens by itself every now and then. */
  takeStock(now: number): void {
    for (const [connection, seen] of this.#seen) if (seen < now - QUIET_MS) this.#seen.delete(connection);
    this.#sentAway = 0;
    this.#publish();
  }

  close(): void {
    clearInterval(this.#timer);
    this.counts.leave(this.thread);
  }

  #isOver(connection: string): boolean {
    const isNew = !this.#seen.has(connection);
    this.#seen.set(connection, performance.now());
    if (isNew) this.#publish();
    if (this.#seen.size <= this.counts.share() + SLACK) return false;
    this.#seen.delete(connection);
    this.#sentAway++;
    return true;
  }

  #publish() {
    this.counts.set(this.thread, this.#seen.size + this.#sentAway);
  }
}
