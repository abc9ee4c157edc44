import type { ModelRecord } from "../protocol/mod.ts";
import { reasonOf, RegistryError } from "./errors.ts";
import { parseRecords } from "./metadata.ts";

interface Snapshot {
  /** What tells this state of the file from others. */
  fingerprint: string;
  /** False while the file is so young that a second change might leave the same fingerprint. */
  settled: boolean;
  text: string;
  /** Newest first. */
  records: readonly ModelRecord[];
  byId: ReadonlyMap<string, ModelRecord>;
}

/** Coarser than the clock of any file system in use, which may be a few ms (Linux: a tick of the kernel). */
const SETTLING_MS = 100;

const EMPTY: Snapshot = { fingerprint: "missing", settled: true, text: "[]", records: [], byId: new Map() };

/** `models_metadata.json` as any process may replace it at any moment: parsed again when it changed, and only then. */
export class MetadataFile {
  #latest: Snapshot = EMPTY;

  constructor(readonly path: string) {}

  /** @throws RegistryError when the file is unreadable or not a JSON array */
  async read(): Promise<Snapshot> {
    try {
      // Every prediction asks. Synchronously this takes some microseconds; its asynchronous twin took a sixth of a request.
      const info = Deno.statSync(this.path);
      if (!this.#latest.settled || fingerprintOf(info) !== this.#latest.fingerprint) return await this.#load();
      return this.#latest;
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      if (error instanceof Deno.errors.NotFound) return this.#latest = EMPTY;
      throw new RegistryError(`cannot read ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  async #load(): Promise<Snapshot> {
    using file = await Deno.open(this.path);
    const info = await file.stat();
    const text = decode(await readUpTo(file, info.size), this.path);
    // No pause from here on: of several calls that read one change, the first parses it and the others find it done.
    if (text !== this.#latest.text) this.#latest = this.#parse(text);
    const age = Date.now() - (info.mtime?.getTime() ?? Infinity);
    return this.#latest = { ...this.#latest, fingerprint: fingerprintOf(info), settled: age > SETTLING_MS };
  }

  #parse(text: string): Snapshot {
    const records = parseRecords(text, this.path);
    // Of two records with one id the newer one counts.
    const byId = new Map(records.toReversed().map((record) => [record.id, record]));
    return { ...EMPTY, text, records, byId };
  }
}

/** What tells one state of a file from others. */
export function fingerprintOf({ mtime, size, ino }: Deno.FileInfo): string {
  return `${mtime?.getTime()} ${size} ${ino}`;
}

async function readUpTo(file: Deno.FsFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RegistryError(`${path} is not UTF-8 text. Nothing was changed: save it as UTF-8, or move it away`);
  }
}
