import { FileError, type FileState, type Folder, type FolderLock, type LockMemory, type OpenFile } from "./host.ts";
import { Queue } from "./queue.ts";

/** A disk in memory. Once `failure` is set, every write throws it. */
export class MemoryDisk {
  readonly files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; modified: number; identity: number }>();
  readonly folders = new Set<string>(["/models"]);
  failure?: FileError;
  #identity = 0;

  /** The models folder. */
  readonly models: Folder = new MemoryFolder(this, "/models");

  write(path: string, bytes: Uint8Array<ArrayBuffer>) {
    if (this.failure) throw this.failure;
    if (!this.folders.has(path.slice(0, path.lastIndexOf("/")))) throw missing();
    this.files.set(path, { bytes, modified: Date.now(), identity: ++this.#identity });
  }
}

class MemoryFolder implements Folder {
  readonly lock: FolderLock = new MemoryLock();

  constructor(readonly disk: MemoryDisk, readonly path: string) {}

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  subfolder(name: string): Folder {
    return new MemoryFolder(this.disk, this.pathOf(name));
  }

  create(): Promise<boolean> {
    const isNew = !this.disk.folders.has(this.path);
    this.disk.folders.add(this.path);
    return Promise.resolve(isNew);
  }

  async *list(): AsyncGenerator<{ name: string; isFile: boolean }> {
    if (!this.disk.folders.has(this.path)) throw missing();
    for (const path of this.disk.files.keys()) {
      const name = path.slice(this.path.length + 1);
      if (path === this.pathOf(name) && !name.includes("/")) yield { name, isFile: true };
    }
    for (const path of this.disk.folders) {
      const name = path.slice(this.path.length + 1);
      if (path === this.pathOf(name) && !name.includes("/")) yield { name, isFile: false };
    }
  }

  state(name: string): FileState {
    const { bytes, modified, identity } = this.#file(name);
    return { size: bytes.length, modified, identity };
  }

  has(name: string): Promise<boolean> {
    return Promise.resolve(this.disk.files.has(this.pathOf(name)));
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return await Promise.resolve(this.#file(name).bytes.slice());
  }

  async open(name: string): Promise<OpenFile> {
    const state = this.state(name), bytes = await this.read(name);
    let at = 0;
    return {
      state,
      read: (length) => Promise.resolve(bytes.slice(at, at += length)),
      stream: new Blob([bytes]).stream(),
      [Symbol.dispose]() {},
    };
  }

  async replace(name: string, ...parts: Uint8Array<ArrayBuffer>[]): Promise<void> {
    this.disk.write(this.pathOf(name), await new Blob(parts).bytes());
  }

  async touch(name: string): Promise<void> {
    await this.replace(name);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.replace(to, await this.read(from));
    await this.remove(from);
  }

  async remove(name: string): Promise<void> {
    await Promise.resolve(this.#file(name));
    this.disk.files.delete(this.pathOf(name));
  }

  removeLeftovers(): Promise<void> {
    return Promise.resolve();
  }

  #file(name: string) {
    const file = this.disk.files.get(this.pathOf(name));
    if (file === undefined) throw missing();
    return file;
  }
}

class MemoryLock implements FolderLock {
  readonly #queue = new Queue<void>(() => {});
  #holders = 0;
  #text = "";
  readonly #memory: LockMemory = {
    read: () => Promise.resolve(this.#text),
    write: (text) => Promise.resolve(void (this.#text = text)),
  };

  async run<T>(
    task: (memory: LockMemory) => Promise<T>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T> {
    this.#holders++;
    const release = await this.#queue.enter(undefined, signal);
    try {
      return await task(this.#memory);
    } finally {
      this.#holders--;
      release();
    }
  }

  async tryRun(task: () => Promise<void>): Promise<boolean> {
    if (this.#holders > 0) return false;
    await this.run(task);
    return true;
  }

  hold(): Promise<() => void> {
    return Promise.resolve(() => {});
  }

  check(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function missing(): FileError {
  return new FileError("missing", "it does not exist");
}
