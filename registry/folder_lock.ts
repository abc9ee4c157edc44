import { join } from "node:path";

/**
 * One writer at a time, over all processes that use a folder. The system frees the lock when its holder dies; the empty
 * file `.lock` stays.
 */
export class FolderLock {
  readonly #path: string;
  /** Settles when the last of this process's waiting tasks is done: only one of them asks the system for the lock. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, ".lock");
  }

  /** Runs `task` once nobody else holds the lock. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#runLocked(task));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Runs `task` if nobody holds the lock at this moment; says whether it did. */
  async tryRun(task: () => Promise<void>): Promise<boolean> {
    using file = await this.#open();
    if (!await file.tryLock(true)) return false;
    await task();
    return true;
  }

  async #runLocked<T>(task: () => Promise<T>): Promise<T> {
    using file = await this.#open();
    await file.lock(true);
    return await task();
  }

  /** Closing the file frees its lock. */
  #open(): Promise<Deno.FsFile> {
    return Deno.open(this.#path, { write: true, create: true });
  }
}
