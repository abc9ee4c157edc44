import { join } from "node:path";
import type { FolderLock, LockMemory } from "../../lab/host.ts";
import { asFileErrors } from "./file_error.ts";

/** The lock of a folder on disk: the system frees it when its holder dies; the file `.lock` stays. */
export class DiskLock implements FolderLock {
  readonly #path: string;
  /** Settles when the last of this process's waiting tasks is done: only one of them asks the system for the lock. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, ".lock");
  }

  run<T>(task: (memory: LockMemory) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#runLocked(task));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async tryRun(task: () => Promise<void>): Promise<boolean> {
    using file = await this.#open();
    if (!await asFileErrors(() => file.tryLock(true))) return false;
    await task();
    return true;
  }

  async check(): Promise<void> {
    using file = await this.#open();
    await asFileErrors(() => file.utime(new Date(), new Date()));
  }

  async #runLocked<T>(task: (memory: LockMemory) => Promise<T>): Promise<T> {
    using file = await this.#open();
    await asFileErrors(() => file.lock(true));
    return await task(memoryIn(file));
  }

  /** Closing the file frees its lock. */
  #open(): Promise<Deno.FsFile> {
    return asFileErrors(() => Deno.open(this.#path, { read: true, write: true, create: true }));
  }
}

/** The contents of the lock's file. */
function memoryIn(file: Deno.FsFile): LockMemory {
  return {
    read: () =>
      asFileErrors(async () => {
        const bytes = new Uint8Array((await file.stat()).size);
        await file.seek(0, Deno.SeekMode.Start);
        const count = await file.read(bytes) ?? 0;
        return new TextDecoder().decode(bytes.subarray(0, count));
      }),
    write: (text) =>
      asFileErrors(async () => {
        const bytes = new TextEncoder().encode(text);
        await file.truncate(0);
        await file.seek(0, Deno.SeekMode.Start);
        for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      }),
  };
}
