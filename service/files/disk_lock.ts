import { TaskQueue } from "../../core/task_queue.ts";
import type { FolderLock, LockMemory } from "../../lab/host.ts";
import { FileError } from "../../lab/host.ts";
import { asFileErrors } from "./file_error.ts";
import { openToLock } from "./regular_file.ts";

/** The text in the lock's file is far shorter. */
const MAX_MEMORY_BYTES = 2 ** 20;
/** A change that cannot get the lock within this time fails. */
const PATIENCE_MS = 10_000;
/** Time between attempts to get it, at first and at most, in ms. */
const FIRST_PAUSE_MS = 2, LAST_PAUSE_MS = 25;
/** Observations older than this say nothing about the present. */
const FORGET_MS = 60_000;
/** `check` reports a holder that has had the lock for this long. */
const CHECK_MS = 300;

/**
 * The lock of a folder on disk. The system releases it when its holder dies; the file `.lock` stays. Waiting means
 * asking again and again: a wait inside the system cannot be given up, and would occupy one of the few threads that
 * read and write files.
 */
export class DiskLock implements FolderLock {
  readonly #path: () => string;
  readonly #patienceMs: number;
  /** This process's tasks. Only one of them at a time asks the system for the lock. */
  readonly #tasks = new TaskQueue();
  /** Whether a task of this process holds the lock. */
  #isOurs = false;
  /** Since when another process has held it, as far as this one knows, and when it last checked. */
  #heldSince?: number;
  #seenAt = -Infinity;

  /** @param path returns the path of the lock file, or throws a `FileError` if it cannot be used */
  constructor(path: () => string, { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {}) {
    this.#path = path;
    this.#patienceMs = patienceMs;
  }

  run<T>(task: (memory: LockMemory) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const deadline = performance.now() + this.#patienceMs;
    return this.#tasks.run(() => this.#runLocked(task, deadline, signal));
  }

  async tryRun(task: () => Promise<void>): Promise<boolean> {
    using file = await this.#open();
    if (!await this.#tryLock(file)) return false;
    await this.#hold(task);
    return true;
  }

  /** Opened for reading, because a disk with a file open for writing cannot be made read-only. */
  async hold(): Promise<() => void> {
    (await this.#open()).close();
    const file = await asFileErrors(() => Deno.open(this.#path()));
    if (await this.#tryLock(file)) return () => file.close();
    file.close();
    throw this.#refusal(0);
  }

  async check(): Promise<string | undefined> {
    using file = await this.#open();
    await asFileErrors(() => file.utime(new Date(), new Date()));
    if (this.#isOurs || await this.#lock(file, performance.now() + CHECK_MS)) return undefined;
    const heldMs = performance.now() - this.#heldSince!;
    if (heldMs >= this.#patienceMs) throw this.#refusal(heldMs);
    return "another program holds the lock of the folder, .lock; changes wait for it";
  }

  async #runLocked<T>(task: (memory: LockMemory) => Promise<T>, deadline: number, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    using file = await this.#open();
    if (!await this.#lock(file, deadline, signal)) throw this.#refusal(performance.now() - this.#heldSince!);
    return await this.#hold(() => task(memoryIn(file)));
  }

  /**
   * Asks for the lock at least once and until `deadline`; returns whether it got the lock.
   *
   * @throws the signal's reason
   */
  async #lock(file: Deno.FsFile, deadline: number, signal?: AbortSignal): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      if (await this.#tryLock(file)) return true;
      if (performance.now() >= deadline) return false;
      // Random pauses, so that no process always asks right after another one.
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
      signal?.throwIfAborted();
    }
  }

  async #tryLock(file: Deno.FsFile): Promise<boolean> {
    const isGiven = await asFileErrors(() => file.tryLock(true));
    const now = performance.now();
    // If it was not checked for long, it may have been free meanwhile.
    if (isGiven || now - this.#seenAt > FORGET_MS) this.#heldSince = undefined;
    if (!isGiven) this.#heldSince ??= now;
    this.#seenAt = now;
    return isGiven;
  }

  async #hold<T>(task: () => Promise<T>): Promise<T> {
    this.#isOurs = true;
    try {
      return await task();
    } finally {
      this.#isOurs = false;
    }
  }

  #refusal(heldMs: number): FileError {
    const seconds = Math.max(1, Math.floor(heldMs / 1000));
    return new FileError(
      "other",
      `another program has held the lock of the folder, .lock, for ${seconds} s; end that program and try again`,
    );
  }

  /** Opens the file of the lock; closing it releases the lock. */
  #open(): Promise<Deno.FsFile> {
    return asFileErrors(async () => {
      const path = this.#path();
      try {
        return await openToLock(path);
      } catch (error) {
        if (error instanceof FileError) throw new FileError(error.fault, `its lock, .lock: ${error.message}`);
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      try {
        return await Deno.open(path, { read: true, write: true, createNew: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        return await openToLock(path);
      }
    });
  }
}

/** The contents of the lock file as a memory. */
function memoryIn(file: Deno.FsFile): LockMemory {
  return {
    read: () =>
      asFileErrors(async () => {
        const bytes = new Uint8Array(Math.min((await file.stat()).size, MAX_MEMORY_BYTES));
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
