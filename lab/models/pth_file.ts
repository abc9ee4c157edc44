/** The `.pth` files of stored models, which their records name. */
import { fingerprintOf, type Folder } from "../host.ts";
import { reasonOf, RegistryError } from "./errors.ts";

/** Four times the largest model of this lab. Nothing larger is read into memory. */
const MAX_BYTES = 512 * 2 ** 20;

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
      if (size > MAX_BYTES) {
        throw new RegistryError(`${this.#words}, has ${size} bytes; no model here is that large`);
      }
      return await this.#folder.read(this.#name, MAX_BYTES);
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
