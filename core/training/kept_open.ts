/** What `KeptOpen` keeps: a predictor, an explainer. */
export interface Closable {
  close(): void;
}

/** Something that takes a while to open, such as a model: its users take turns, and it is closed after the last of them. */
export class KeptOpen<T extends Closable> {
  readonly #opening: Promise<T>;
  #opened?: T;
  /** Users that have not been served yet, and what settles when all of them have. */
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

  /** False until it is open, where it could not be opened, and once it is closed. */
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

  /** Closes it once everybody who asked so far has been served, at once where it is idle. It must not be used again. */
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
