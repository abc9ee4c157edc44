/** The files of stored models: each has a `.pth`, which its record names, and may have a history. */
import { fingerprintOf, type Folder, isMissing } from "../host.ts";
import { reasonOf, RegistryError } from "./errors.ts";

/** Four times the largest model of this lab. Nothing larger is read into memory. */
const MAX_PTH_BYTES = 512 * 2 ** 20;

/** A plain name: no folder, no drive, and not a file of the registry itself. */
const PLAIN_PTH = /^[^/\\:\0]+\.pth$/;

/** Whether `filename` is allowed as the file of a record. */
export function isPlainPth(filename: string): boolean {
  return PLAIN_PTH.test(filename);
}

/** A file as a stream. It stays open until it is read to the end or cancelled. */
export interface PthStream {
  /** Bytes. */
  size: number;
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The `.pth` of one model. If the file cannot be read, its methods throw `RegistryError`s that name the model. */
export class PthFile {
  readonly #folder: Folder;
  readonly #id: string;
  readonly #name: string;

  /** @throws {RegistryError} when `filename` would lead outside `folder` or is not a `.pth` */
  constructor(folder: Folder, { id, filename }: { id: string; filename: string }) {
    if (!isPlainPth(filename)) {
      throw new RegistryError(
        `model ${id} names the file ${JSON.stringify(filename)}; it must be the plain name of a .pth in ${folder.path}`,
      );
    }
    this.#folder = folder;
    this.#id = id;
    this.#name = filename;
  }

  read(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#readable(async () => {
      const { size } = await this.#folder.state(this.#name);
      if (size > MAX_PTH_BYTES) {
        throw new RegistryError(`${this.#words}, has ${size} bytes; no model here is that large`);
      }
      return await this.#folder.read(this.#name, MAX_PTH_BYTES);
    });
  }

  /** Opens the file as it is now. If another file replaces it, this one can still be read to its end. */
  open(): Promise<PthStream> {
    return this.#readable(async () => {
      const file = await this.#folder.open(this.#name);
      return { size: file.state.size, stream: file.stream };
    });
  }

  /** A text that changes whenever the file is rewritten. */
  fingerprint(): Promise<string> {
    return this.#readable(async () => fingerprintOf(await this.#folder.state(this.#name)));
  }

  get #words(): string {
    return `the file of model ${this.#id}, ${this.#folder.pathOf(this.#name)}`;
  }

  async #readable<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      throw new RegistryError(`cannot read ${this.#words}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

/** Histories of training runs, one file per model in a separate folder, so that the metadata stays small. */

/** A history has at most some 20,000 losses. */
const MAX_HISTORY_BYTES = 16 * 2 ** 20;

/**
 * Writes the history of the model whose file in the models folder `models` has the plain name `filename`. Callers hold
 * the folder's lock.
 */
export async function writeHistory(models: Folder, filename: string, history: unknown): Promise<void> {
  const folder = historyFolder(models);
  await folder.create();
  await folder.replace(nameOf(filename), new TextEncoder().encode(JSON.stringify(history)));
}

/**
 * Reads the history of a model; undefined if there is none.
 * @throws {RegistryError} that names the file
 */
export async function readHistory(models: Folder, filename: string): Promise<unknown> {
  const folder = historyFolder(models), name = nameOf(filename);
  try {
    return JSON.parse(new TextDecoder().decode(await folder.read(name, MAX_HISTORY_BYTES)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    const reason = error instanceof SyntaxError ? "it is not valid JSON" : reasonOf(error);
    throw new RegistryError(`cannot read the history ${folder.pathOf(name)}: ${reason}`, { cause: error });
  }
}

/** Removes a model's history. @throws {FileError} if it is missing or cannot be removed */
export function removeHistory(models: Folder, filename: string): Promise<void> {
  return historyFolder(models).remove(nameOf(filename));
}

/** Removes files left behind by writers that died. Callers hold the lock of the models folder. */
export async function removeHistoryLeftovers(models: Folder): Promise<void> {
  try {
    await historyFolder(models).removeLeftovers();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function historyFolder(models: Folder): Folder {
  return models.subfolder("history");
}

function nameOf(filename: string): string {
  return `${filename.replace(/\.pth$/, "")}.json`;
}

/**
 * Removes files that the metadata no longer names. A note beside the file announces the removal: after a crash in
 * between, the next process that opens the folder finds the note and finishes the work. Files without a note are never
 * removed, because they may belong to anyone.
 */

const NOTE = /^\.(.+\.pth)\.lab-removed$/;

/** Writes a note that `filename` will be removed. Callers hold the folder's lock until the file is gone. */
export async function announceRemoval(folder: Folder, filename: string): Promise<void> {
  await folder.touch(noteOf(filename));
}

/** The files that notes mark for removal. */
export async function announcedRemovals(folder: Folder): Promise<string[]> {
  const filenames: string[] = [];
  for await (const { name, isFile } of folder.list()) {
    const filename = isFile ? NOTE.exec(name)?.[1] : undefined;
    if (filename !== undefined) filenames.push(filename);
  }
  return filenames;
}

/**
 * Removes the announced file, its history, and the note. A file that the metadata still names (`isNamed`) stays: the
 * process that wrote the note got no further.
 */
export async function finishRemoval(folder: Folder, filename: string, isNamed: boolean): Promise<void> {
  const isDone = isNamed || (await isGone(folder.remove(filename)) && await isGone(removeHistory(folder, filename)));
  if (isDone) await isGone(folder.remove(noteOf(filename)));
}

function noteOf(filename: string): string {
  return `.${filename}.lab-removed`;
}

/** Whether the file is gone. Does not throw, because an error would hide that everything else was done. */
async function isGone(removal: Promise<void>): Promise<boolean> {
  try {
    await removal;
    return true;
  } catch (error) {
    return isMissing(error);
  }
}
