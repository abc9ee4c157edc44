/** The metadata file, and its last good copy, kept beside it in case another program damages the file. */
import type { ModelRecord } from "../../../protocol/mod.ts";
import { fingerprintOf, type Folder, isMissing } from "../../host.ts";
import { DamagedMetadataError, isDiskFull, reasonOf, RegistryError } from "../errors.ts";
import { decodeUtf8, describeStrangers, type Entry, formatEntries, parseEntries, recordsOf } from "./metadata.ts";

/** The list of models at one moment. */
export interface MetadataState {
  /** Changes whenever the file is rewritten. */
  fingerprint: string;
  /** False while the file is so new that another change might leave the fingerprint the same. */
  settled: boolean;
  text: string;
  /** In the order of the file. */
  entries: readonly Entry[];
  /** Newest first. */
  records: readonly ModelRecord[];
  byId: ReadonlyMap<string, ModelRecord>;
  /** Says which entries are not models; undefined if all are. */
  strangers?: string;
}

/**
 * Coarser than the timestamps of common file systems; on Linux they advance with the kernel's tick, every few ms.
 */
const SETTLING_MS = 100;

const EMPTY: MetadataState = {
  fingerprint: "missing",
  settled: true,
  text: "[]",
  entries: [],
  records: [],
  byId: new Map(),
};

/** `models_metadata.json`, which any process may replace at any moment: parsed again only when it has changed. */
export class MetadataFile {
  readonly #folder: Folder;
  #latest: MetadataState = EMPTY;
  /** The fault of the file with this fingerprint, so that it is not searched for at every request. */
  #damage: { fingerprint: string; error: DamagedMetadataError } | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  get #path(): string {
    return this.#folder.pathOf(METADATA_NAME);
  }

  /** @throws {RegistryError} when the file is unreadable or not a JSON array */
  async read(): Promise<MetadataState> {
    try {
      const state = await this.#folder.state(METADATA_NAME);
      const fingerprint = fingerprintOf(state);
      if (fingerprint === this.#damage?.fingerprint) throw this.#damage.error;
      if (!this.#latest.settled || fingerprint !== this.#latest.fingerprint) return await this.#load();
      return this.#latest;
    } catch (error) {
      if (error instanceof DamagedMetadataError) throw error;
      if (isMissing(error)) return this.#latest = EMPTY;
      throw new RegistryError(`cannot read ${this.#path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /**
   * Replaces the file and keeps a backup. Callers hold the folder's lock. If it throws, the file is unchanged.
   *
   * @param options.urgent give up the backup to make room on a full disk
   */
  async write(entries: readonly Entry[], options: { urgent: boolean }): Promise<void> {
    if (this.#latest === EMPTY) await setBackupAside(this.#folder);
    const bytes = new TextEncoder().encode(formatEntries(entries));
    try {
      await this.#folder.replace(METADATA_NAME, bytes);
    } catch (error) {
      if (!options.urgent || !isDiskFull(error)) throw error;
      await dropBackup(this.#folder);
      await this.#folder.replace(METADATA_NAME, bytes);
    }
    await keepBackup(this.#folder, bytes);
  }

  async #load(): Promise<MetadataState> {
    using file = await this.#folder.open(METADATA_NAME);
    const { size, modified } = file.state;
    if (size > MAX_METADATA_BYTES) throw new DamagedMetadataError(this.#path, `has ${size} bytes, too many for a list`);
    const bytes = await file.read(size);
    const fingerprint = fingerprintOf(file.state), settled = isSettled(modified);
    try {
      // Nothing is awaited from here on, so that of several calls that read one change, only the first parses it.
      const text = decode(bytes, this.#path);
      if (text !== this.#latest.text) this.#latest = this.#parse(text);
      return this.#latest = { ...this.#latest, fingerprint, settled };
    } catch (error) {
      if (!(error instanceof DamagedMetadataError)) throw error;
      const told = new DamagedMetadataError(error.path, error.what, await describeBackup(this.#folder));
      if (settled) this.#damage = { fingerprint, error: told };
      throw told;
    }
  }

  #parse(text: string): MetadataState {
    const entries = parseEntries(text, this.#path, this.#latest.entries);
    const records = recordsOf(entries);
    // If two records have the same id, the newer counts.
    const byId = new Map(records.toReversed().map((record) => [record.id, record]));
    return { ...EMPTY, text, entries, records, byId, strangers: describeStrangers(entries, this.#path) };
  }
}

/**
 * Whether a change now would get a different timestamp. (A timestamp in the future means that the clock was set back.)
 */
function isSettled(modified: number | undefined): boolean {
  return modified !== undefined && Math.abs(Date.now() - modified) > SETTLING_MS;
}

function decode(bytes: Uint8Array, path: string): string {
  const decoded = decodeUtf8(bytes);
  if ("text" in decoded) return decoded.text;
  const { fault } = decoded;
  const what = fault === bytes.length ? "the file ends inside a character" : "a byte that no character has there";
  throw new DamagedMetadataError(path, `is not UTF-8 text: ${what} (offset ${fault})`);
}

/** File name of the list of stored models. */
export const METADATA_NAME = "models_metadata.json";
/** File name of its last good copy. */
export const BACKUP_NAME = `${METADATA_NAME}.bak`;

/** Largest list, in bytes: some ten thousand records with long texts. A larger list is not read. */
const MAX_METADATA_BYTES = 64 * 2 ** 20;

/** A usable backup of the metadata. */
export interface Backup {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many records it holds. */
  count: number;
  /** When it was written, in Unix ms; undefined if the host does not know. */
  time?: number;
}

/**
 * Writes `bytes`, the metadata just stored, as its backup. It is a copy rather than a link, because a program that
 * truncates the file would damage a link, too. Callers hold the folder's lock.
 */
async function keepBackup(folder: Folder, bytes: Uint8Array): Promise<void> {
  try {
    await folder.replace(BACKUP_NAME, bytes);
  } catch {
    // The model is stored, so this is not an error. The older backup stays, with its time.
  }
}

/** Removes the backup to make room on the disk. */
async function dropBackup(folder: Folder): Promise<void> {
  await folder.remove(BACKUP_NAME).catch(() => {});
}

/**
 * Renames the backup of a missing list, because a user who deleted or moved the file by mistake may notice only after
 * the next store.
 */
async function setBackupAside(folder: Folder): Promise<void> {
  if (await readBackup(folder) === undefined) return;
  const aside = await freeName(folder, `${BACKUP_NAME}-${timeForName(Date.now())}`);
  await folder.rename(BACKUP_NAME, aside).catch(() => {});
}

/** Reads the backup, if there is a usable one. */
export async function readBackup(folder: Folder): Promise<Backup | undefined> {
  try {
    const bytes = await folder.read(BACKUP_NAME, MAX_METADATA_BYTES), { modified } = await folder.state(BACKUP_NAME);
    const decoded = decodeUtf8(bytes);
    if ("fault" in decoded) return undefined;
    const records = recordsOf(parseEntries(decoded.text, folder.pathOf(BACKUP_NAME)));
    return { bytes, count: records.length, time: modified };
  } catch {
    return undefined;
  }
}

/** Tells a user with damaged metadata how to restore it; undefined without a backup. */
async function describeBackup(folder: Folder): Promise<string | undefined> {
  const backup = await readBackup(folder);
  if (backup === undefined) return undefined;
  const command = `deno task restore-models ${quoted(folder.path)}`;
  return `a backup of ${timeText(backup.time)} with ${backup.count} ${backup.count === 1 ? "record" : "records"} is ` +
    `there, and \`${command}\` puts it in place`;
}

/** `name` or, if that is taken, the first of `name_2`, `name_3`, … that is free. */
export async function freeName(folder: Folder, name: string): Promise<string> {
  let free = name;
  for (let n = 2; await folder.has(free); n++) free = `${name}_${n}`;
  return free;
}

/** Such as `2026-11-25 21:40:12 UTC`, from Unix ms. */
export function timeText(time: number | undefined): string {
  return time === undefined ? "unknown time" : `${isoSeconds(time).replace("T", " ")} UTC`;
}

/** Such as `20261125T214012`, from Unix ms. */
export function timeForName(time: number): string {
  return isoSeconds(time).replaceAll(/[-:]/g, "");
}

function isoSeconds(time: number): string {
  return new Date(time).toISOString().slice(0, 19);
}

/** Quotes a path for a shell. */
function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
