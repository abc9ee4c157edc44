interface Waiting<T> {
  item: T;
  group: string;
  /** Items with the lowest round go first; undefined means before all rounds. */
  round?: number;
  /** The last reported position. */
  position?: number;
  admit: () => void;
}

/**
 * Lets one item at a time through and reports the positions of waiting items. Groups take turns; within a group it is
 * first come, first served. The first item of a group goes before the later items of all other groups.
 *
 * This is start-time fair queueing (Goyal, Vin and Cheng, 1996) with equal costs: the items of a group have consecutive
 * rounds, starting with the round of the item that was last let through.
 */
export class Queue<T> {
  #occupied = false;
  #current?: T;
  /** In the order of their turns. */
  #waiting: Waiting<T>[] = [];
  /** The round of the latest item that was let through. */
  #round = 0;
  /** The round of each group's next item; groups whose next round has begun are left out. */
  readonly #nextRounds = new Map<string, number>();
  readonly #onPosition: (item: T, position: number) => void;

  /** `onPosition` is called for every change of a waiting item's position, from 1 (next in line). */
  constructor(onPosition: (item: T, position: number) => void) {
    this.#onPosition = onPosition;
  }

  /** The item whose turn it is. */
  get current(): T | undefined {
    return this.#current;
  }

  /** The items that wait, in the order of their turns. */
  get waiting(): readonly T[] {
    return this.#waiting.map(({ item }) => item);
  }

  /**
   * Waits for the item's turn. The returned function ends the turn; calling it again does nothing.
   *
   * @param options.front puts an item that gave up its turn for a while before all others
   * @param options.group takes turns with the other groups
   * @throws the signal's reason once `signal` is aborted
   */
  async enter(
    item: T,
    signal: AbortSignal,
    { front = false, group = "" }: { front?: boolean; group?: string } = {},
  ): Promise<() => void> {
    signal.throwIfAborted();
    const round = front ? undefined : this.#nextRound(group);
    if (this.#occupied) await this.#wait({ item, group, round, admit() {} }, signal);
    this.#begin(item, round);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#occupied = false;
      this.#current = undefined;
      this.#advance();
    };
  }

  #nextRound(group: string): number {
    const round = Math.max(this.#round, this.#nextRounds.get(group) ?? 0);
    this.#nextRounds.set(group, round + 1);
    return round;
  }

  #begin(item: T, round: number | undefined) {
    this.#occupied = true;
    this.#current = item;
    if (round === undefined || round === this.#round) return;
    this.#round = round;
    for (const [group, next] of this.#nextRounds) if (next <= round) this.#nextRounds.delete(group);
  }

  #wait(waiting: Waiting<T>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        this.#closeRanks(waiting);
        this.#tellPositions();
        reject(signal.reason);
      };
      waiting.admit = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#insert(waiting);
      this.#tellPositions();
    });
  }

  /** Inserts an item after those of the same round, or before all others if it has no round. */
  #insert(waiting: Waiting<T>) {
    const { round } = waiting;
    const index = round === undefined ? 0 : this.#waiting.findIndex((other) => (other.round ?? -1) > round);
    this.#waiting.splice(index === -1 ? this.#waiting.length : index, 0, waiting);
  }

  /** Moves the later items of a group up by one round when an item leaves without having its turn. */
  #closeRanks({ group, round }: Waiting<T>) {
    if (round === undefined) return;
    const next = this.#nextRounds.get(group)! - 1;
    if (next > this.#round) this.#nextRounds.set(group, next);
    else this.#nextRounds.delete(group);
    const later = this.#waiting.filter((other) => other.group === group && (other.round ?? -1) > round);
    this.#waiting = this.#waiting.filter((other) => !later.includes(other));
    for (const other of later) {
      other.round!--;
      this.#insert(other);
    }
  }

  #advance() {
    const next = this.#waiting.shift();
    if (next === undefined) return this.#nextRounds.clear();
    // Occupied at once, so that no other item can slip in before the admitted one resumes.
    this.#begin(next.item, next.round);
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

/** Thrown if the lab accepts no more requests of a kind for now; the message is for people. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
}

/** Runs one task at a time; clients take turns. Refuses tasks beyond a limit; one client may take up half of it. */
export class BoundedQueue {
  readonly #queue = new Queue<void>(() => {});
  readonly #closing = new AbortController();
  readonly #max: number;
  readonly #tooMany: string;
  readonly #perClient = new Map<string, number>();
  #count = 0;

  /**
   * @param max most tasks at once, including the one in progress
   * @param tooMany the message if there are more
   */
  constructor(max: number, tooMany: string) {
    this.#max = max;
    this.#tooMany = tooMany;
  }

  /**
   * Runs `task` when it is its turn.
   *
   * @param task receives a signal that is aborted when the queue is closed
   * @param client who asks, if that is known
   * @throws {UnavailableError} if there are too many, or the queue is closed before its turn
   */
  async run<T>(task: (signal: AbortSignal) => Promise<T>, client?: string): Promise<T> {
    const own = client === undefined ? 0 : this.#perClient.get(client) ?? 0;
    if (this.#count >= this.#max || own >= Math.ceil(this.#max / 2)) throw new UnavailableError(this.#tooMany);
    this.#add(client, 1);
    try {
      const endTurn = await this.#queue.enter(undefined, this.#closing.signal, { group: client });
      try {
        return await task(this.#closing.signal);
      } finally {
        endTurn();
      }
    } finally {
      this.#add(client, -1);
    }
  }

  #add(client: string | undefined, change: 1 | -1) {
    this.#count += change;
    if (client === undefined) return;
    const own = (this.#perClient.get(client) ?? 0) + change;
    if (own === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, own);
  }

  /** Refuses waiting tasks, and aborts the signal of the one in progress. */
  close() {
    this.#closing.abort(new UnavailableError("The lab is shutting down."));
  }
}
