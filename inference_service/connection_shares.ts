/**
 * Shares the connections of clients out among the serving threads. The system does so by chance, and a thread that comes
 * later gets none of those that are already open: whose thread has more connections than another would wait longer at each
 * request. So a thread that keeps having too many announces `Connection: close` in some answers; those clients connect anew.
 */

/** Connections are counted anew in each such window of the clock, by all threads. */
export const WINDOW_MS = 2000;

/** How far a thread may be above the mean, so that chance, and clients that come and go, move nobody. */
const TOLERATED = (mean: number) => 1.25 * mean + 1;

/** A thread's words in shared memory: whether it listens, and its counts in even and in odd windows. */
const LISTENS = 0, COUNTS = 1, WORDS = 3;
/** A count stands beside the end of its window's number, in one word, so that none is taken for another's. */
const COUNT_BITS = 16, COUNT_MASK = 2 ** COUNT_BITS - 1;

/** How many connections each thread has been asked by, in memory that all threads see. */
export class ConnectionCounts {
  readonly #words: Int32Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static of(threads: number): ConnectionCounts {
    return new ConnectionCounts(new SharedArrayBuffer(threads * WORDS * Int32Array.BYTES_PER_ELEMENT));
  }

  listens(thread: number): boolean {
    return Atomics.load(this.#words, thread * WORDS + LISTENS) === 1;
  }

  setListens(thread: number, listens: boolean): void {
    Atomics.store(this.#words, thread * WORDS + LISTENS, Number(listens));
  }

  put(thread: number, window: number, count: number): void {
    const word = (window & COUNT_MASK) << COUNT_BITS | Math.min(count, COUNT_MASK);
    Atomics.store(this.#words, thread * WORDS + COUNTS + window % 2, word);
  }

  /** In the present window or the one before; 0 where nobody asked. */
  get(thread: number, window: number): number {
    const word = Atomics.load(this.#words, thread * WORDS + COUNTS + window % 2);
    return word >>> COUNT_BITS === (window & COUNT_MASK) ? word & COUNT_MASK : 0;
  }

  /** What each of the threads that listen had in a window, had all had the same. */
  mean(window: number): number {
    let sum = 0, listening = 0;
    for (let thread = 0; thread < this.#words.length / WORDS; thread++) {
      if (!this.listens(thread)) continue;
      sum += this.get(thread, window);
      listening++;
    }
    return listening === 0 ? 0 : sum / listening;
  }
}

/** The connections of one thread, from its first moment of listening on. */
export class ConnectionShare {
  #window = -1;
  /** Those that have asked for something in the present window, by the client's address. */
  #seen = new Set<string>();
  #sentAway = new Set<string>();
  /** How many may be sent away in this window, and how many were too many in the last. */
  #toSend = 0;
  #tooMany = 0;

  /** `now` gives milliseconds that all threads agree on. */
  constructor(
    private readonly counts: ConnectionCounts,
    private readonly thread: number,
    private readonly now: () => number = Date.now,
  ) {
    counts.setListens(thread, true);
  }

  /** `fetch`, with `Connection: close` in answers to connections that this thread has too many of. */
  balance(fetch: Deno.ServeHandler<Deno.NetAddr>): Deno.ServeHandler<Deno.NetAddr> {
    return async (request, info) => {
      const { hostname, port } = info.remoteAddr, isOver = this.#isOver(`${hostname} ${port}`);
      const response = await fetch(request, info);
      // The answer to an upgrade has to reach the server as it was made.
      if (!isOver || response.status === 101) return response;
      const last = new Response(response.body, response);
      last.headers.set("connection", "close");
      return last;
    };
  }

  #isOver(connection: string): boolean {
    const window = Math.floor(this.now() / WINDOW_MS);
    if (window !== this.#window) this.#begin(window);
    if (!this.#seen.has(connection)) {
      this.#seen.add(connection);
      this.counts.put(this.thread, window, this.#seen.size);
    }
    if (this.#sentAway.has(connection)) return true;
    if (this.#sentAway.size >= this.#toSend) return false;
    this.#sentAway.add(connection);
    return true;
  }

  /** Too many in one window may be chance, such as clients that paused; only those of two in a row are sent away. */
  #begin(window: number) {
    const count = this.counts.get(this.thread, window - 1), mean = this.counts.mean(window - 1);
    const tooMany = count > TOLERATED(mean) ? Math.floor(count - mean) : 0;
    this.#toSend = Math.min(tooMany, this.#tooMany);
    // Whoever is sent away now is counted twice in this window.
    this.#tooMany = this.#toSend > 0 ? 0 : tooMany;
    this.#window = window;
    this.#seen = new Set();
    this.#sentAway = new Set();
  }
}
