interface Waiting<T> {
  item: T;
  /** The place it was last told. */
  place?: number;
  admit: () => void;
}

/** Lets one item at a time through, first come first served, and tells the waiting ones their places. */
export class RunQueue<T> {
  #occupied = false;
  #waiting: Waiting<T>[] = [];
  readonly #onPlace: (item: T, place: number) => void;

  /** `onPlace` hears of every change of a waiting item's place, from 1 (the next to go). */
  constructor(onPlace: (item: T, place: number) => void) {
    this.#onPlace = onPlace;
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
        this.#tellPlaces();
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
      this.#tellPlaces();
    });
  }

  #advance() {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    // Taken at once: whoever asks before the admitted item resumes must not slip in.
    this.#occupied = true;
    next.admit();
    this.#tellPlaces();
  }

  #tellPlaces() {
    this.#waiting.forEach((waiting, index) => {
      if (waiting.place === index + 1) return;
      waiting.place = index + 1;
      this.#onPlace(waiting.item, waiting.place);
    });
  }
}
