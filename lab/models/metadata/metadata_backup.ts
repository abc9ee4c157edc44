/** The last good copy of the metadata, kept beside it in case another program damages the file. */
import type { Folder } from "../../host.ts";
import { decodeUtf8, parseEntries, recordsOf } from "./metadata.ts";

/** File name of the list of stored models. */
export const METADATA_NAME = "models_metadata.json";
/** File name of its last good copy. */
export const BACKUP_NAME = `${METADATA_NAME}.bak`;

/** Largest list, in bytes: some ten thousand records with long texts. A larger list is not read. */
export const MAX_METADATA_BYTES = 64 * 2 ** 20;

/** A backup that can be used. */
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
export async function keepBackup(folder: Folder, bytes: Uint8Array): Promise<void> {
  try {
    await folder.replace(BACKUP_NAME, bytes);
  } catch {
    // The model is stored, so this is not an error. The older backup stays, with its time.
  }
}

/** Removes the backup to make room on the disk. */
export async function dropBackup(folder: Folder): Promise<void> {
  await folder.remove(BACKUP_NAME).catch(() => {});
}

/**
 * Renames the backup of a missing list, because a user who deleted or moved the file by mistake may notice only after
 * the next store.
 */
export async function setBackupAside(folder: Folder): Promise<void> {
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
export async function describeBackup(folder: Folder): Promise<string | undefined> {
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
