/**
 * Opens only regular files: opening a FIFO or a device could wait for ever, and a link might lead to any file on the
 * machine. Files are opened without waiting (`O_NONBLOCK`, which `Deno.open` lacks) and checked again once they are
 * open; otherwise an attacker who keeps swapping a file for a FIFO could occupy, one by one, all the threads that read
 * and write files.
 */
import { constants, type FileHandle, open } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { FileError } from "../../lab/host.ts";

/** How often to try again if the file is replaced between check and opening. */
const MAX_TRIES = 10;
const CHUNK_BYTES = 256 * 1024;
/** Windows has no FIFOs among its files. */
const FLAGS = Deno.build.os === "windows" ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK;

/** Which links are followed: those to files of the same folder, or all. */
export type Links = "inner" | "all";

/**
 * The state of the regular file `path`, without opening it. Synchronous, which takes a few microseconds; asynchronously
 * it took a sixth of a prediction's time.
 *
 * @throws {FileError} when it is something else, or a link that is not followed; what Deno throws
 */
export function lookAt(path: string, links: Links = "inner"): Deno.FileInfo {
  let found = Deno.lstatSync(path);
  if (found.isSymlink) {
    if (links === "inner") refuseLinkOut(path);
    found = Deno.statSync(path);
  }
  if (!found.isFile) throw new FileError("other", "it is not a regular file");
  return found;
}

function refuseLinkOut(path: string) {
  const way = relative(Deno.realPathSync(dirname(path)), Deno.realPathSync(path));
  if (/^\.\.|[/\\:]/.test(way)) throw new FileError("other", "it is a link that leads out of its folder");
}

/**
 * Opens the regular file `path` for reading.
 *
 * @throws {FileError} if it is something else or a link that is not followed; also errors of Deno and Node
 */
export async function openRegular(path: string, links: Links = "inner"): Promise<RegularFile> {
  return await openLookedAt(path, links, async () => new RegularFile(await open(path, FLAGS)));
}

/** Like `openRegular`, but for reading and writing, as a lock requires. Opening a FIFO in this way does not wait. */
export async function openToLock(path: string): Promise<Deno.FsFile> {
  return await openLookedAt(path, "inner", () => Deno.open(path, { read: true, write: true }));
}

interface Opened {
  stat(): Promise<{ isFile: boolean; dev: number; ino: number | null }>;
  close(): void;
}

async function openLookedAt<T extends Opened>(path: string, links: Links, openNow: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const expected = lookAt(path, links);
    const file = await openNow();
    try {
      const { dev, ino, isFile } = await file.stat();
      // Windows does not number its files.
      const isSame = ino === null || expected.ino === null || (ino === expected.ino && dev === expected.dev);
      if (isFile && isSame) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
  throw new FileError("other", "it is replaced all the time");
}

/** A regular file, open for reading. */
export class RegularFile implements Disposable {
  readonly #handle: FileHandle;

  /** @param handle is closed with this object */
  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The state of the open file. */
  async stat(): Promise<{ isFile: boolean; size: number; mtime: Date; dev: number; ino: number }> {
    const found = await this.#handle.stat();
    return { isFile: found.isFile(), size: found.size, mtime: found.mtime, dev: found.dev, ino: found.ino };
  }

  /** Reads the next `length` bytes; fewer at the end of the file. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  /** The rest of the file, which closes when the stream ends or is cancelled. */
  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = await this.read(CHUNK_BYTES);
        if (bytes.length > 0) return controller.enqueue(bytes);
        controller.close();
        this.close();
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  /** Closes the file; a second time does nothing. */
  close(): void {
    this.#handle.close().catch(() => {});
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
