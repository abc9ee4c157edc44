/** Thrown while no connection can be accepted; the message says why. */
export class ListenerError extends Error {
  override name = "ListenerError";
}

/** How long `ListenerState` reports a fault that is over, in ms. */
const REMEMBER_MS = 60_000;

/** Whether a server can accept connections, for `/healthz`. */
export class ListenerState {
  /** Open connections. */
  connections = 0;
  #fault?: { reason: string; since: number; endedAt?: number };

  /** Records why no connection can be accepted, or `undefined` once one can. */
  note(reason: string | undefined): void {
    if (reason !== undefined) this.#fault = { reason, since: this.#fault?.since ?? performance.now() };
    else if (this.#fault !== undefined) this.#fault.endedAt ??= performance.now();
  }

  /**
   * A description of a recent fault, if any.
   *
   * @throws {ListenerError} while no connection can be accepted
   */
  describe(): string | undefined {
    if (this.#fault === undefined) return undefined;
    const { reason, since, endedAt } = this.#fault;
    const seconds = (ms: number) => Math.round(ms / 1000);
    if (endedAt === undefined) {
      throw new ListenerError(`no connection can be taken since ${seconds(performance.now() - since)} s: ${reason}`);
    }
    if (performance.now() - endedAt > REMEMBER_MS) return void (this.#fault = undefined);
    const ago = seconds(performance.now() - endedAt);
    return `until ${ago} s ago no connection could be taken for ${seconds(endedAt - since)} s: ${reason}`;
  }
}
