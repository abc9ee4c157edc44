/** What `KeptOpen` keeps: a predictor, an explainer. */
export interface Closable {
  close(): void;
}

/**
 * Something that takes a while to open, such as a model. Its users take turns, and it is closed after the last of them.
 */
export class KeptOpen<T extends Closable> {
  readonly #opening: Promise<T>;
  #opened?: T;
  /** The number of users that still wait, and a promise that settles when none do. */
  #users = 0;
  #idle: Promise<unknown>;
  #isClosing = false;

  constructor(opening: Promise<T>) {
    this.#opening = opening;
    this.#idle = opening.then((opened) => {
      this.#opened = opened;
      this.#closeWhenIdle();
    }, () => {});
  }

  /** False until it is open, if it could not be opened, and once it is closed. */
  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /**
   * Calls `use` once all earlier calls have settled.
   *
   * @throws what opening or `use` threw
   */
  use<R>(use: (opened: T) => R | Promise<R>): Promise<R> {
    this.#users++;
    const used = this.#idle.then(async () => use(await this.#opening));
    const served = () => {
      this.#users--;
      this.#closeWhenIdle();
    };
    this.#idle = used.then(served, served);
    return used;
  }

  /** Closes it once all earlier calls have settled, or at once if it is idle. Do not use it afterwards. */
  close(): void {
    this.#isClosing = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle() {
    if (!this.#isClosing || this.#users > 0) return;
    this.#opened?.close();
    this.#opened = undefined;
  }
}
