import { join } from "node:path";

/** A short text in the lock's file, for whoever holds the lock next, in whichever process. */
export class LockMemory {
  constructor(private readonly file: Deno.FsFile) {}

  async read(): Promise<string> {
    const bytes = new Uint8Array((await this.file.stat()).size);
    await this.file.seek(0, Deno.SeekMode.Start);
    const count = await this.file.read(bytes) ?? 0;
    return new TextDecoder().decode(bytes.subarray(0, count));
  }

  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    await this.file.truncate(0);
    await this.file.seek(0, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) written += await this.file.write(bytes.subarray(written));
  }
}

/**
 * One writer at a time, over all processes that use a folder. The system frees the lock when its holder dies; the file
 * `.lock` stays.
 */
export class FolderLock {
  readonly #path: string;
  /** Settles when the last of this process's waiting tasks is done: only one of them asks the system for the lock. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, ".lock");
  }

  /** Runs `task` once nobody else holds the lock. */
  run<T>(task: (memory: LockMemory) => Promise<T>): Promise<T> {
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

  async #runLocked<T>(task: (memory: LockMemory) => Promise<T>): Promise<T> {
    using file = await this.#open();
    await file.lock(true);
    return await task(new LockMemory(file));
  }

  /** Throws what the system has against writing here. */
  async check(): Promise<void> {
    using file = await this.#open();
    await file.utime(new Date(), new Date());
  }

  /** Closing the file frees its lock. */
  #open(): Promise<Deno.FsFile> {
    return Deno.open(this.#path, { read: true, write: true, create: true });
  }
}
