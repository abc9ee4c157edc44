/** Putting the backup in the place of metadata that another program damaged: done on request, never by itself. */
import { basename, join, resolve } from "node:path";
import { exists, freePath, replaceFile } from "../../service/files/atomic_file.ts";
import { DamagedMetadataError, reasonOf, RegistryError } from "./errors.ts";
import { FolderLock } from "../../service/files/folder_lock.ts";
import type { Entry } from "./metadata/metadata.ts";
import { backupPath, readBackup, timeForName, timeText } from "./metadata/metadata_backup.ts";
import { METADATA_NAME, MetadataFile } from "./metadata/metadata_file.ts";

export interface Restored {
  /** How many records are back. */
  count: number;
  /** When the backup was written, such as `2026-11-25 21:40:12 UTC`. */
  time: string;
  /** Where the damaged file lies now; undefined where there was none. */
  damaged?: string;
  /** Ids of records whose `.pth` is not there: they were removed, or replaced, after the backup. */
  withoutFile: string[];
  /** `.pth` files that no record names: they were stored after the backup. */
  unlisted: string[];
}

/**
 * Restores the metadata of the models folder `dir`; services may be running.
 * @throws RegistryError where the metadata is sound, no backup is there, or the folder cannot be written
 */
export async function restoreBackup(dir: string): Promise<Restored> {
  const folder = resolve(dir);
  try {
    if (!(await Deno.stat(folder)).isDirectory) throw new RegistryError(`${folder} is not a folder`);
    return await new FolderLock(folder).run(() => restore(folder));
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(`cannot restore the metadata in ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}

async function restore(folder: string): Promise<Restored> {
  const path = join(folder, METADATA_NAME);
  await refuseSound(path);
  const backup = await readBackup(path);
  if (backup === undefined) throw new RegistryError(`there is no backup that can be read: ${backupPath(path)}`);
  const damaged = await keepDamaged(path);
  await replaceFile(path, backup.bytes);
  const { entries } = await new MetadataFile(path).read();
  return { count: backup.count, time: timeText(backup.time), damaged, ...await compare(folder, entries) };
}

/** Restoring would lose what was stored since. */
async function refuseSound(path: string): Promise<void> {
  try {
    const { records } = await new MetadataFile(path).read();
    if (!await exists(path)) return;
    throw new RegistryError(
      `${path} is sound and lists ${records.length} models, so it was left as it is. ` +
        `To go back to ${backupPath(path)} all the same, move ${basename(path)} away first`,
    );
  } catch (error) {
    if (!(error instanceof DamagedMetadataError)) throw error;
  }
}

/** A copy, so that at no moment the file is missing and the list looks empty. */
async function keepDamaged(path: string): Promise<string | undefined> {
  if (!await exists(path)) return undefined;
  const kept = await freePath(`${path}.damaged-${timeForName(new Date())}`);
  await replaceFile(kept, await Deno.readFile(path));
  return kept;
}

async function compare(folder: string, entries: readonly Entry[]): Promise<Pick<Restored, "withoutFile" | "unlisted">> {
  const present = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".pth")) present.add(name);
  const named = new Set(entries.map(({ filename }) => filename));
  const models = entries.map(({ record }) => record).filter((record) => record !== undefined);
  return {
    withoutFile: models.filter(({ filename }) => !present.has(filename)).map(({ id }) => id),
    unlisted: [...present].filter((name) => !named.has(name) && !name.startsWith(".")).sort(),
  };
}
