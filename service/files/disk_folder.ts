/** Replaces files atomically: a reader finds either the old file or the new one, even after a crash. */
import { basename, dirname, join, resolve } from "node:path";
import { FileError, type FileState, type Folder, type OpenFile } from "../../lab/host.ts";
import { DiskLock } from "./disk_lock.ts";
import { asFileErrors, fileError } from "./file_error.ts";
import { lookAt, openRegular } from "./regular_file.ts";

/**
 * A folder on disk, existing or not. Its path may be a link, but a subfolder may not be a link, and no file may be a
 * link that leads outside the folder.
 */
export class DiskFolder implements Folder {
  /** Absolute. */
  readonly path: string;
  readonly lock: DiskLock;
  readonly #isInner: boolean;

  /** `isInner` for a subfolder, which must not be a link. */
  constructor(dir: string, { isInner = false }: { isInner?: boolean } = {}) {
    this.path = resolve(dir);
    this.#isInner = isInner;
    this.lock = new DiskLock(() => this.#place(".lock"));
  }

  /** The path of a file that is about to be used. @throws {FileError} if this is a subfolder and a link */
  #place(name: string): string {
    if (this.#isInner) this.#refuseLink();
    return this.pathOf(name);
  }

  #refuseLink() {
    const isLink = Deno.lstatSync(this.path).isSymlink;
    if (isLink) throw new FileError("other", `${this.path} is a link; put a folder in its place`);
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  subfolder(name: string): DiskFolder {
    return new DiskFolder(this.pathOf(name), { isInner: true });
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
      if (this.#isInner) this.#refuseLink();
      for await (const { name, isFile } of Deno.readDir(this.path)) yield { name, isFile };
    } catch (error) {
      throw fileError(error);
    }
  }

  state(name: string): FileState {
    try {
      return stateOf(lookAt(this.#place(name)));
    } catch (error) {
      throw fileError(error);
    }
  }

  /** Also true for a dangling link. */
  async has(name: string): Promise<boolean> {
    try {
      await Deno.lstat(this.#place(name));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw fileError(error);
    }
  }

  async read(name: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    using file = await this.open(name);
    if (file.state.size > maxBytes) throw tooLarge(file.state.size, maxBytes);
    return await file.read(file.state.size);
  }

  open(name: string): Promise<OpenFile> {
    return asFileErrors(async () => {
      const file = await openRegular(this.#place(name));
      try {
        const state = stateOf(await file.stat());
        return {
          state,
          read: (length: number) => asFileErrors(() => file.read(length)),
          get stream() {
            return file.stream;
          },
          [Symbol.dispose]: () => file.close(),
        };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  replace(name: string, ...parts: Uint8Array[]): Promise<void> {
    return asFileErrors(() => replaceFile(this.#place(name), ...parts));
  }

  touch(name: string): Promise<void> {
    return asFileErrors(async () => {
      const path = this.#place(name);
      // Anything that already has the name may be a link, so it is replaced and not written to.
      await Deno.remove(path).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
      (await Deno.open(path, { write: true, createNew: true })).close();
    });
  }

  rename(from: string, to: string): Promise<void> {
    return asFileErrors(() => Deno.rename(this.#place(from), this.#place(to)));
  }

  /** Removes a file, an empty folder or a link, but not the target of the link. */
  remove(name: string): Promise<void> {
    return asFileErrors(() => Deno.remove(this.#place(name)));
  }

  removeLeftovers(): Promise<void> {
    return asFileErrors(() => {
      if (this.#isInner) this.#refuseLink();
      return removeLeftovers(this.path);
    });
  }
}

function tooLarge(size: number, maxBytes: number): FileError {
  const text = (bytes: number) => `${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB`;
  return new FileError("other", `it has ${text(size)}, and no file of its kind has more than ${text(maxBytes)}`);
}

function stateOf({ size, mtime, ino }: Pick<Deno.FileInfo, "size" | "mtime" | "ino">): FileState {
  return { size, modified: mtime?.getTime(), identity: ino ?? undefined };
}

const TEMP_SUFFIX = ".lab-tmp";

/**
 * Writes `parts`, one after the other, to a file beside `path`, syncs it to disk, and renames it to `path`. Callers
 * hold the folder's lock, so no two write the same file at once. If it throws, `path` is unchanged.
 *
 * The temporary file has a name that nobody can guess and is always newly created, because a link planted under its
 * name would make the lab write elsewhere.
 */
async function replaceFile(path: string, ...parts: Uint8Array[]): Promise<void> {
  const temp = join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}${TEMP_SUFFIX}`);
  const file = await Deno.open(temp, { write: true, createNew: true });
  try {
    await writeDurably(file, parts);
    await Deno.rename(temp, path);
  } catch (error) {
    await Deno.remove(temp).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Removes files left behind by writers that died in `replaceFile`. Callers hold the folder's lock, so no writer is
 * active.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory && name.startsWith(".") && name.endsWith(TEMP_SUFFIX)) await Deno.remove(join(folder, name));
  }
}

async function writeDurably(opened: Deno.FsFile, parts: readonly Uint8Array[]): Promise<void> {
  using file = opened;
  for (const bytes of parts) {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}

/** Syncs the folder, because a rename is on disk only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // Not every system lets a program sync a folder. The rename is done and must not appear to have failed.
  }
}
