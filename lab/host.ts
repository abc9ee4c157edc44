/**
 * What a lab needs from its host: a folder of files with a lock, a training engine, a log. `service/files/` implements
 * the folder on a disk; a page can use the browser's file system, and a test can use a disk that fails.
 */
import type { TrainedModel, TrainingEvents, TrainingJob } from "./training/training_job.ts";

/** Why a file operation failed, as far as callers distinguish the reasons. */
export type FileFault = "missing" | "full" | "other";

/** Thrown when a file operation fails. The message is the reason for people, such as "permission denied". */
export class FileError extends Error {
  override name = "FileError";

  constructor(readonly fault: FileFault, reason: string, options?: ErrorOptions) {
    super(reason, options);
  }
}

/** Whether `error` says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof FileError && error.fault === "missing";
}

/** The state of a file at one moment. Whenever the file is rewritten, some of it changes. */
export interface FileState {
  /** Bytes. */
  size: number;
  /** When it was last written, in Unix ms; undefined if the host does not know. */
  modified?: number;
  /** Differs for a file that replaced it (an inode number); undefined if the host cannot tell. */
  identity?: number;
}

/** A text that changes whenever the file is rewritten. */
export function fingerprintOf({ modified, size, identity }: FileState): string {
  return `${modified} ${size} ${identity}`;
}

/** A file open for reading; it stays readable when another file replaces it. */
export interface OpenFile extends Disposable {
  readonly state: FileState;
  /** The next `length` bytes; fewer at the end of the file. */
  read(length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The rest of the file. The file is closed when the stream ends or is cancelled. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * A folder of files, which several processes may use at once. Names are plain, without a path. Methods throw
 * `FileError`s, even if the name belongs to something other than a regular file, or to a link that leads outside the
 * folder: nothing waits for a device.
 */
export interface Folder {
  /** Names the folder in messages for people: its absolute path, if it has one. */
  readonly path: string;
  /** Names a file of the folder in messages. */
  pathOf(name: string): string;
  readonly lock: FolderLock;
  /** A folder inside this one, existing or not. */
  subfolder(name: string): Folder;
  /** Creates the folder, but not its parent. Returns false if it already existed. */
  create(): Promise<boolean>;
  list(): AsyncIterable<{ name: string; isFile: boolean }>;
  /** The state of a file; without a promise if the host can, because every prediction checks the metadata. */
  state(name: string): FileState | Promise<FileState>;
  /** Whether a file or anything else has this name. */
  has(name: string): Promise<boolean>;
  /** Reads a file; one of more than `maxBytes` is refused before it takes any memory. */
  read(name: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  open(name: string): Promise<OpenFile>;
  /**
   * Replaces the file `name` with the bytes of `parts`, one after the other. Once it returns, they survive a power cut;
   * a reader finds either the old file or the new one, even after a crash. If it throws, `name` is unchanged. Needs the
   * lock.
   */
  replace(name: string, ...parts: Uint8Array[]): Promise<void>;
  /** Creates an empty file, replacing anything with the same name. */
  touch(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Removes files left behind by writers that died in `replace`. Needs the lock, so that no writer is active. */
  removeLeftovers(): Promise<void>;
}

/** Lets one writer at a time use a folder, across processes. A holder that dies loses the lock. */
export interface FolderLock {
  /**
   * Runs `task` once nobody else holds the lock.
   *
   * @throws {FileError} when another process holds it for ten seconds; the signal's reason when it aborts before `task`
   * begins
   */
  run<T>(task: (memory: LockMemory) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Runs `task` if the lock is free now; returns whether it did. */
  tryRun(task: () => Promise<void>): Promise<boolean>;
  /**
   * Takes the lock until the returned function is called, to show that this process is alive.
   *
   * @throws {FileError} when another process holds it
   */
  hold(): Promise<() => void>;
  /**
   * Says that another process holds the lock; undefined when none does.
   *
   * @throws {FileError} that says why the folder cannot be written, also when the lock has been held for long
   */
  check(): Promise<string | undefined>;
}

/** A short text that a holder of the lock leaves for the next holder, in any process. */
export interface LockMemory {
  read(): Promise<string>;
  write(text: string): Promise<void>;
}

/** Trains networks, one at a time. */
export interface TrainingEngine {
  /**
   * Trains one job.
   *
   * @throws the signal's reason soon after an abort: within 150 ms during a long step, else after the step and its
   * snapshot, at most 1.3 s; {TrainingError} when the training fails
   */
  train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel>;
  close(): void;
}

/** Details of an event in the log. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Records events for the people who run the lab. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `cause` is what was thrown. */
  error(event: string, fields?: LogFields, cause?: unknown): void;
}
