/**
 * Runs tasks one after the other, in the order in which they were added. A failure is only reported to the task's own
 * caller, who must not ignore it.
 */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` once all earlier tasks have settled, and settles as it does. */
  run<R>(task: () => R | Promise<R>): Promise<R> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
