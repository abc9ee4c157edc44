/** What `KeptOpen` keeps: a predictor, an explainer. */
export interface Closable {
  close(): void;
}

/** Something that takes a while to open, such as a model: its users take turns, and it is closed after the last of them. */
export class KeptOpen<T extends Closable> {
  readonly #opening: Promise<T>;
  /** Settles when everybody who asked so far has been served. */
  #idle: Promise<unknown>;

  constructor(opening: Promise<T>) {
    this.#opening = opening;
    this.#idle = opening.catch(() => {});
  }

  /**
   * Calls `use` once all earlier calls have settled.
   *
   * @throws what opening or `use` threw
   */
  use<R>(use: (opened: T) => R | Promise<R>): Promise<R> {
    const used = this.#idle.then(async () => use(await this.#opening));
    this.#idle = used.catch(() => {});
    return used;
  }

  /** Closes it after the calls made so far. Call `use` no more. */
  close(): void {
    this.use((opened) => opened.close()).catch(() => {});
  }
}
