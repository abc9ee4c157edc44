import type { ModelRecord } from "../../../protocol/mod.ts";
import { replaceFile } from "../../../service/files/atomic_file.ts";
import { DamagedMetadataError, lackOfRoom, reasonOf, RegistryError } from "../errors.ts";
import { describeStrangers, type Entry, formatEntries, parseEntries, recordsOf } from "./metadata.ts";
import { describeBackup, dropBackup, keepBackup, setBackupAside } from "./metadata_backup.ts";
import { decodeUtf8 } from "./utf8.ts";

export const METADATA_NAME = "models_metadata.json";

interface Snapshot {
  /** What tells this state of the file from others. */
  fingerprint: string;
  /** False while the file is so young that a second change might leave the same fingerprint. */
  settled: boolean;
  text: string;
  /** In the order of the file. */
  entries: readonly Entry[];
  /** Newest first. */
  records: readonly ModelRecord[];
  byId: ReadonlyMap<string, ModelRecord>;
  /** What there is besides models, in words; undefined where there is nothing. */
  strangers?: string;
}

/** Coarser than the clock of any file system in use, which may be a few ms (Linux: a tick of the kernel). */
const SETTLING_MS = 100;

const EMPTY: Snapshot = {
  fingerprint: "missing",
  settled: true,
  text: "[]",
  entries: [],
  records: [],
  byId: new Map(),
};

/** `models_metadata.json` as any process may replace it at any moment: parsed again when it changed, and only then. */
export class MetadataFile {
  #latest: Snapshot = EMPTY;
  /** What was wrong with the file in the state of `fingerprint`, so that not every request has to find it out anew. */
  #damage: { fingerprint: string; error: DamagedMetadataError } | undefined;

  constructor(readonly path: string) {}

  /** @throws RegistryError when the file is unreadable or not a JSON array */
  async read(): Promise<Snapshot> {
    try {
      // Every prediction asks. Synchronously this takes some microseconds; its asynchronous twin took a sixth of a request.
      const info = Deno.statSync(this.path);
      const fingerprint = fingerprintOf(info);
      if (fingerprint === this.#damage?.fingerprint) throw this.#damage.error;
      if (!this.#latest.settled || fingerprint !== this.#latest.fingerprint) return await this.#load();
      return this.#latest;
    } catch (error) {
      if (error instanceof DamagedMetadataError) throw error;
      if (error instanceof Deno.errors.NotFound) return this.#latest = EMPTY;
      throw new RegistryError(`cannot read ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /**
   * Puts `entries` in the file's place, and keeps a copy. Callers hold the folder's lock. When it throws, the file is as it was.
   *
   * @param options.urgent on a full disk, give up the backup to make room
   */
  async write(entries: readonly Entry[], options: { urgent: boolean }): Promise<void> {
    if (this.#latest === EMPTY) await setBackupAside(this.path);
    const bytes = new TextEncoder().encode(formatEntries(entries));
    try {
      await replaceFile(this.path, bytes);
    } catch (error) {
      if (!options.urgent || lackOfRoom(error) === undefined) throw error;
      await dropBackup(this.path);
      await replaceFile(this.path, bytes);
    }
    await keepBackup(this.path, bytes);
  }

  async #load(): Promise<Snapshot> {
    using file = await Deno.open(this.path);
    const info = await file.stat();
    const bytes = await readUpTo(file, info.size);
    const fingerprint = fingerprintOf(info), settled = isSettled(info.mtime);
    try {
      // No pause from here on: of several calls that read one change, the first parses it and the others find it done.
      const text = decode(bytes, this.path);
      if (text !== this.#latest.text) this.#latest = this.#parse(text);
      return this.#latest = { ...this.#latest, fingerprint, settled };
    } catch (error) {
      if (!(error instanceof DamagedMetadataError)) throw error;
      const told = new DamagedMetadataError(error.path, error.what, await describeBackup(this.path));
      if (settled) this.#damage = { fingerprint, error: told };
      throw told;
    }
  }

  #parse(text: string): Snapshot {
    const entries = parseEntries(text, this.path, this.#latest.entries);
    const records = recordsOf(entries);
    // Of two records with one id the newer one counts.
    const byId = new Map(records.toReversed().map((record) => [record.id, record]));
    return { ...EMPTY, text, entries, records, byId, strangers: describeStrangers(entries, this.path) };
  }
}

/** Whether a change now would leave another time. A file of the future was written before the clock was set back. */
function isSettled(mtime: Date | null): boolean {
  return mtime !== null && Math.abs(Date.now() - mtime.getTime()) > SETTLING_MS;
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
  const decoded = decodeUtf8(bytes);
  if ("text" in decoded) return decoded.text;
  const { fault } = decoded;
  const what = fault === bytes.length ? "the file ends inside a character" : "a byte that no character has there";
  throw new DamagedMetadataError(path, `is not UTF-8 text: ${what} (offset ${fault})`);
}
