import { MAX_ACTIVE_REQUESTS_PER_CLIENT } from "../../../protocol/mod.ts";

/** Requests of one address that are being handled, and those that wait for that. */
interface Turns {
  active: number;
  waiting: (() => void)[];
}

/**
 * Lets only so many requests of one address be handled at once, so that however many connections it has, those of
 * others get their turn in between.
 */
export class RequestTurns {
  readonly #byClient = new Map<string, Turns>();
  readonly #max: number;

  constructor(max = MAX_ACTIVE_REQUESTS_PER_CLIENT) {
    this.#max = max;
  }

  /** Begins a request at once, or gives what to wait for. */
  begin(client: string): Promise<void> | undefined {
    const turns = this.#byClient.get(client);
    if (turns === undefined) this.#byClient.set(client, { active: 1, waiting: [] });
    else if (turns.active < this.#max) turns.active++;
    else return new Promise((resolve) => turns.waiting.push(resolve));
  }

  /** Ends a request that was begun. */
  end(client: string): void {
    const turns = this.#byClient.get(client)!;
    const next = turns.waiting.shift();
    if (next !== undefined) next();
    else if (--turns.active === 0) this.#byClient.delete(client);
  }
}
