import { join, resolve } from "node:path";
import type { FileState, Folder, OpenFile } from "../../lab/host.ts";
import { removeLeftovers, replaceFile } from "./atomic_file.ts";
import { DiskLock } from "./disk_lock.ts";
import { asFileErrors, fileError } from "./file_error.ts";

/** A folder on disk, existing or not. */
export class DiskFolder implements Folder {
  /** Absolute. */
  readonly path: string;
  readonly lock: DiskLock;

  constructor(dir: string) {
    this.path = resolve(dir);
    this.lock = new DiskLock(this.path);
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  subfolder(name: string): DiskFolder {
    return new DiskFolder(this.pathOf(name));
  }

  async create(): Promise<boolean> {
    try {
      await Deno.mkdir(this.path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw fileError(error);
    }
  }

  async *list(): AsyncGenerator<{ name: string; isFile: boolean }> {
    try {
      for await (const { name, isFile } of Deno.readDir(this.path)) yield { name, isFile };
    } catch (error) {
      throw fileError(error);
    }
  }

  /** Synchronous, which takes a few microseconds; asynchronously it took a sixth of a prediction's time. */
  state(name: string): FileState {
    try {
      return stateOf(Deno.statSync(this.pathOf(name)));
    } catch (error) {
      throw fileError(error);
    }
  }

  /** Also true for a dangling link. */
  async has(name: string): Promise<boolean> {
    try {
      await Deno.lstat(this.pathOf(name));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw fileError(error);
    }
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return asFileErrors(() => Deno.readFile(this.pathOf(name)));
  }

  open(name: string): Promise<OpenFile> {
    return asFileErrors(async () => {
      const file = await Deno.open(this.pathOf(name));
      try {
        return openFile(file, stateOf(await file.stat()));
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  replace(name: string, ...parts: Uint8Array[]): Promise<void> {
    return asFileErrors(() => replaceFile(this.pathOf(name), ...parts));
  }

  touch(name: string): Promise<void> {
    return asFileErrors(() => Deno.writeFile(this.pathOf(name), new Uint8Array(0)));
  }

  rename(from: string, to: string): Promise<void> {
    return asFileErrors(() => Deno.rename(this.pathOf(from), this.pathOf(to)));
  }

  remove(name: string): Promise<void> {
    return asFileErrors(() => Deno.remove(this.pathOf(name)));
  }

  removeLeftovers(): Promise<void> {
    return asFileErrors(() => removeLeftovers(this.path));
  }
}

function stateOf({ isFile, size, mtime, ino }: Deno.FileInfo): FileState {
  return { isFile, size, modified: mtime?.getTime(), identity: ino ?? undefined };
}

function openFile(file: Deno.FsFile, state: FileState): OpenFile {
  return {
    state,
    read: (length) => asFileErrors(() => readUpTo(file, length)),
    get stream() {
      return file.readable;
    },
    [Symbol.dispose]: () => file.close(),
  };
}

async function readUpTo(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
