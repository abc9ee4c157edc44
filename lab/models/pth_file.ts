/** The `.pth` files of stored models, as their records name them. */
import type { FileState, Folder } from "../host.ts";
import { reasonOf, RegistryError } from "./errors.ts";

/** Four times the largest model of this lab. Nothing larger is read into memory. */
const MAX_BYTES = 512 * 2 ** 20;

/** A name alone: no folder, no drive, and none of the registry's own files. */
const PLAIN_PTH = /^[^/\\:\0]+\.pth$/;

/** Whether a record may name `filename` as its file. */
export function isPlainPth(filename: string): boolean {
  return PLAIN_PTH.test(filename);
}

/** A file to be passed on. It is open until it is read to its end or cancelled. */
export interface PthStream {
  /** Bytes. */
  size: number;
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** What tells one state of a file from others. */
export function fingerprintOf({ modified, size, identity }: FileState): string {
  return `${modified} ${size} ${identity}`;
}

/** The `.pth` of one model. Its methods throw RegistryErrors that name the model when the file cannot be read. */
export class PthFile {
  readonly #folder: Folder;
  readonly #id: string;
  readonly #name: string;

  /** @throws {RegistryError} when `filename` would lead out of `folder` or is no `.pth` */
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
      if (size > MAX_BYTES) {
        throw new RegistryError(`${this.#words}, has ${size} bytes; no model here is that large`);
      }
      return await this.#folder.read(this.#name);
    });
  }

  /** The file as it is now, piece by piece; should another take its place meanwhile, this one is read to its end. */
  open(): Promise<PthStream> {
    return this.#readable(async () => {
      const file = await this.#folder.open(this.#name);
      if (file.state.isFile) return { size: file.state.size, stream: file.stream };
      file[Symbol.dispose]();
      throw new RegistryError(`${this.#words}, is not a file`);
    });
  }

  /** Changes whenever the file is written anew. */
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
