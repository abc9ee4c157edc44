interface Waiting<T> {
  item: T;
  /** The position it was last told. */
  position?: number;
  admit: () => void;
}

/** Lets one item at a time through, first come first served, and tells the waiting ones their positions. */
export class Queue<T> {
  #occupied = false;
  #waiting: Waiting<T>[] = [];
  readonly #onPosition: (item: T, position: number) => void;

  /** `onPosition` hears of every change of a waiting item's position, from 1 (the next to go). */
  constructor(onPosition: (item: T, position: number) => void) {
    this.#onPosition = onPosition;
  }

  /**
   * Waits for the item's turn; the returned function ends the turn and may be called again without harm. `front` puts
   * an item that gave its turn up for a while before all others.
   *
   * @throws the signal's reason once `signal` is aborted
   */
  async enter(item: T, signal: AbortSignal, options: { front?: boolean } = {}): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#occupied) await this.#wait(item, signal, options.front ?? false);
    this.#occupied = true;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#occupied = false;
      this.#advance();
    };
  }

  #wait(item: T, signal: AbortSignal, front: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        this.#tellPositions();
        reject(signal.reason);
      };
      const waiting: Waiting<T> = {
        item,
        admit: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      if (front) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
      this.#tellPositions();
    });
  }

  #advance() {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    // Occupied at once: nobody may slip in before the admitted item resumes.
    this.#occupied = true;
    next.admit();
    this.#tellPositions();
  }

  #tellPositions() {
    this.#waiting.forEach((waiting, index) => {
      if (waiting.position === index + 1) return;
      waiting.position = index + 1;
      this.#onPosition(waiting.item, waiting.position);
    });
  }
}

/** The lab accepts no more of something for now; the message is for people. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
}

/** Runs one task at a time, in order, and refuses tasks beyond a limit. */
export class BoundedQueue {
  readonly #queue = new Queue<void>(() => {});
  readonly #closing = new AbortController();
  readonly #max: number;
  readonly #tooMany: string;
  #count = 0;

  /**
   * @param max most tasks at once, including the one under way
   * @param tooMany the message when there are more
   */
  constructor(max: number, tooMany: string) {
    this.#max = max;
    this.#tooMany = tooMany;
  }

  /**
   * Runs `task` when its turn has come.
   *
   * @param task gets a signal that aborts when the queue is closed
   * @throws {UnavailableError} if there are too many, or the queue is closed before its turn
   */
  async run<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#count >= this.#max) throw new UnavailableError(this.#tooMany);
    this.#count++;
    try {
      const endTurn = await this.#queue.enter(undefined, this.#closing.signal);
      try {
        return await task(this.#closing.signal);
      } finally {
        endTurn();
      }
    } finally {
      this.#count--;
    }
  }

  /** Refuses waiting tasks, and aborts the signal of the one under way. */
  close() {
    this.#closing.abort(new UnavailableError("The lab is shutting down."));
  }
}
