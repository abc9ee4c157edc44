import { MAX_ACTIVE_REQUESTS_PER_CLIENT } from "../../../protocol/mod.ts";

/**
 * Shares the time of a thread among its clients: in each turn of the event loop one of them has its turn, the addresses
 * one after the other, and in between the event loop looks after everything else. However much one address sends, another
 * one waits for little more than what is done in one turn: the handling of a request's beginning, or of one read.
 */
export class Turns {
  readonly #maxActive: number;
  /** Requests of each address that are being handled, and those that wait until one of them is over. */
  readonly #requests = new Map<string, { active: number; waiting: (() => void)[] }>();
  /** Those who wait for a turn, by address; the first address is the next one. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** Whether somebody has had this turn of the event loop. */
  #isTaken = false;

  constructor(maxActive = MAX_ACTIVE_REQUESTS_PER_CLIENT) {
    this.#maxActive = maxActive;
  }

  /** Lets a request of `client` be handled at once, or returns what to wait for: only so many of one address at once. */
  begin(client: string): Promise<void> | undefined {
    const requests = this.#requests.get(client);
    if (requests === undefined) this.#requests.set(client, { active: 1, waiting: [] });
    else if (requests.active < this.#maxActive) requests.active++;
    else return new Promise((resolve) => requests.waiting.push(resolve));
  }

  /** Ends a request that was begun. */
  end(client: string): void {
    const requests = this.#requests.get(client)!;
    const next = requests.waiting.shift();
    if (next !== undefined) next();
    else if (--requests.active === 0) this.#requests.delete(client);
  }

  /** Gives `client` its turn at once, or returns what to wait for. */
  next(client: string): Promise<void> | undefined {
    if (!this.#isTaken) return this.#take();
    return new Promise((resolve) => {
      const own = this.#waiting.get(client);
      if (own === undefined) this.#waiting.set(client, [resolve]);
      else own.push(resolve);
    });
  }

  #take(): undefined {
    this.#isTaken = true;
    setImmediate(() => {
      this.#isTaken = false;
      const [first] = this.#waiting;
      if (first === undefined) return;
      const [client, own] = first;
      this.#take();
      own.shift()!();
      // To the end, after the other addresses.
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
    });
  }
}
