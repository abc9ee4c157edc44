/** A yes-or-no question of a run to the client that started it. */
export class Question {
  #answer?: (yes: boolean) => void;

  /**
   * Waits for the answer; false when none comes in time.
   *
   * @throws the signal's reason when it aborts meanwhile
   */
  async wait(signal: AbortSignal, timeoutMs: number): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const refuse = () => reject(signal.reason);
    this.#answer = resolve;
    signal.addEventListener("abort", refuse);
    const timer = setTimeout(() => resolve(false), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", refuse);
      this.#answer = undefined;
    }
  }

  /** Answers the question. False when nothing was asked. */
  answer(yes: boolean): boolean {
    if (this.#answer === undefined) return false;
    this.#answer(yes);
    this.#answer = undefined;
    return true;
  }
}
