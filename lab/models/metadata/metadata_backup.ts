/** The last good copy of the metadata, beside it, for the day on which another program damages the file. */
import { dirname } from "node:path";
import { freePath, replaceFile } from "../../../service/files/atomic_file.ts";
import { parseEntries, recordsOf } from "./metadata.ts";
import { decodeUtf8 } from "./utf8.ts";

export interface Backup {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many records it holds. */
  count: number;
  /** When it was written. */
  time: Date | null;
}

export function backupPath(metadataPath: string): string {
  return `${metadataPath}.bak`;
}

/**
 * Keeps `bytes`, just written to the metadata, as its backup: a copy of its own, for a program that cuts the file would cut a
 * link's target too. Callers hold the folder's lock.
 */
export async function keepBackup(metadataPath: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(backupPath(metadataPath), bytes);
  } catch {
    // The model is stored, and must not look as if it were not. The backup before stays, and tells its time.
  }
}

/** Gives the backup's room on the disk to something more urgent. */
export async function dropBackup(metadataPath: string): Promise<void> {
  await Deno.remove(backupPath(metadataPath)).catch(() => {});
}

/**
 * Keeps the backup of a list that is gone under a name of its own: whoever deleted the file by mistake, or moved it away, may
 * notice only after the next store.
 */
export async function setBackupAside(metadataPath: string): Promise<void> {
  if (await readBackup(metadataPath) === undefined) return;
  const path = backupPath(metadataPath);
  await Deno.rename(path, await freePath(`${path}-${timeForName(new Date())}`)).catch(() => {});
}

/** The backup, if there is one that can be used. */
export async function readBackup(metadataPath: string): Promise<Backup | undefined> {
  const path = backupPath(metadataPath);
  try {
    const [bytes, { mtime }] = [await Deno.readFile(path), await Deno.stat(path)];
    const decoded = decodeUtf8(bytes);
    if ("fault" in decoded) return undefined;
    return { bytes, count: recordsOf(parseEntries(decoded.text, path)).length, time: mtime };
  } catch {
    return undefined;
  }
}

/** What to tell somebody whose metadata is damaged; undefined without a backup. */
export async function describeBackup(metadataPath: string): Promise<string | undefined> {
  const backup = await readBackup(metadataPath);
  if (backup === undefined) return undefined;
  const command = `deno task restore-models ${quoted(dirname(metadataPath))}`;
  return `a backup of ${timeText(backup.time)} with ${backup.count} ${backup.count === 1 ? "record" : "records"} is ` +
    `there, and \`${command}\` puts it in place`;
}

/** Such as `2026-11-25 21:40:12 UTC`. */
export function timeText(time: Date | null): string {
  return time === null ? "unknown time" : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Such as `20261125T214012`. */
export function timeForName(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
