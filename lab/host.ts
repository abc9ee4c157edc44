/**
 * What a lab needs of its surroundings: a folder of files with a lock, an engine that trains, a log. `service/files/` gives it
 * a disk; a page can give it the browser's own file system, and a test a disk that fails. The time is `Date.now()` anywhere.
 */
import type { TrainedModel, TrainingEvents, TrainingJob } from "./training/training_job.ts";

/** Why a file operation failed: only what somebody treats in a way of its own is told apart. */
export type FileFault = "missing" | "exists" | "full" | "denied" | "other";

/** A file operation that failed. The message is the reason in words for people, such as "permission denied". */
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

/** What tells one state of a file from another. */
export interface FileState {
  /** False for a folder, for instance. */
  isFile: boolean;
  /** Bytes. */
  size: number;
  /** When it was last written, in Unix ms; undefined where the host does not know. */
  modified?: number;
  /** Differs between a file and the one that took its place, where the host can tell (an inode number). */
  identity?: number;
}

/** A file that is open for reading: still the same one when another takes its place. */
export interface OpenFile extends Disposable {
  readonly state: FileState;
  /** The next `length` bytes; fewer at the end of the file. */
  read(length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The rest of the file; it is closed when that is read to the end or cancelled. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** A folder of files, which several processes may use at once. Names are plain, without a path; all methods throw FileErrors. */
export interface Folder {
  /** Names the folder in messages for people: its absolute path, where it has one. */
  readonly path: string;
  /** Names a file of the folder in messages. */
  pathOf(name: string): string;
  readonly lock: FolderLock;
  /** A folder in this one, whether it is there or not. */
  subfolder(name: string): Folder;
  /** Makes the folder, in one that is there already. False when it was there. */
  create(): Promise<boolean>;
  list(): AsyncIterable<{ name: string; isFile: boolean }>;
  /** At once where the host can: every prediction asks for the state of the metadata. */
  state(name: string): FileState | Promise<FileState>;
  /** Whether the name is taken, by whatever. */
  has(name: string): Promise<boolean>;
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  open(name: string): Promise<OpenFile>;
  /**
   * Puts the bytes of `parts`, one after the other, in the place of `name`. When it returns they outlast a power cut; whoever
   * reads, be it after a crash, finds the old file or the new. When it throws, `name` is as it was. Needs the lock.
   */
  replace(name: string, ...parts: Uint8Array[]): Promise<void>;
  /** Makes an empty file, or empties the one that is there. */
  touch(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Removes what writers that died in `replace` left behind. Needs the lock, so that none is at work. */
  removeLeftovers(): Promise<void>;
}

/** Lets one writer at a time use a folder, over all processes. A holder that dies loses it. */
export interface FolderLock {
  /** Runs `task` once nobody else holds the lock. */
  run<T>(task: (memory: LockMemory) => Promise<T>): Promise<T>;
  /** Runs `task` if nobody holds the lock at this moment; says whether it did. */
  tryRun(task: () => Promise<void>): Promise<boolean>;
  /** @throws {FileError} that says why the folder cannot be written */
  check(): Promise<void>;
}

/** A short text that whoever holds a folder's lock leaves for the next, in whichever process. */
export interface LockMemory {
  read(): Promise<string>;
  write(text: string): Promise<void>;
}

/** Trains networks, one at a time. Runs know the training only as this. */
export interface TrainingEngine {
  /**
   * Trains one job and hands the model over.
   *
   * @throws the signal's reason soon after an abort: within 150 ms where the present step is a long one, else once it has
   * ended and the state was handed over, at most 1.3 s; {TrainingError} when the training fails
   */
  train(job: TrainingJob, events: TrainingEvents, signal: AbortSignal): Promise<TrainedModel>;
  close(): void;
}

/** What belongs to an event of the log. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes what happens, for whoever runs the lab. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `cause` is what was thrown. */
  error(event: string, fields?: LogFields, cause?: unknown): void;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Now in Unix ms, or `latest` while the clock is up to a day behind it, so that what comes later does not look older: a clock
 * may be set back by its owner, the network or another system on the machine. Beyond a day it was the time before that was wrong.
 */
export function notBefore(latest: number, now: number = Date.now()): number {
  return now < latest && latest - now <= DAY_MS ? latest : now;
}
