/** Restores metadata that another program damaged from its backup, only on request. */
import type { Folder } from "../host.ts";
import { DamagedMetadataError, reasonOf, RegistryError } from "./errors.ts";
import type { Entry } from "./metadata/metadata.ts";
import {
  BACKUP_NAME,
  freeName,
  METADATA_NAME,
  MetadataFile,
  readBackup,
  timeForName,
  timeText,
} from "./metadata/metadata_file.ts";

/** A larger file is not copied; the user has to move it away. */
const MAX_DAMAGED_BYTES = 2 ** 30;

/** The result of a restoration. */
export interface Restored {
  /** Number of restored records. */
  count: number;
  /** When the backup was written, such as `2026-11-25 21:40:12 UTC`. */
  time: string;
  /** Where the damaged file is now; undefined if there was none. */
  damaged?: string;
  /** Ids of records without a `.pth`: models that were removed or replaced after the backup. */
  withoutFile: string[];
  /** `.pth` files without a record: models that were stored after the backup. */
  unlisted: string[];
}

/**
 * Restores the metadata in the models folder `folder`; services may be running.
 * @throws {RegistryError} if the metadata is not damaged, there is no backup, or the folder cannot be written
 */
export async function restoreBackup(folder: Folder): Promise<Restored> {
  try {
    for await (const _ of folder.list()) break;
    return await folder.lock.run(() => restore(folder));
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(`cannot restore the metadata in ${folder.path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function restore(folder: Folder): Promise<Restored> {
  await refuseSound(folder);
  const backup = await readBackup(folder);
  if (backup === undefined) {
    throw new RegistryError(`there is no backup that can be read: ${folder.pathOf(BACKUP_NAME)}`);
  }
  const damaged = await keepDamaged(folder);
  await folder.replace(METADATA_NAME, backup.bytes);
  const { entries } = await new MetadataFile(folder).read();
  return { count: backup.count, time: timeText(backup.time), damaged, ...await compare(folder, entries) };
}

/** Refuses undamaged metadata, because restoring would lose models stored since. */
async function refuseSound(folder: Folder): Promise<void> {
  try {
    const { records } = await new MetadataFile(folder).read();
    if (!await folder.has(METADATA_NAME)) return;
    throw new RegistryError(
      `${folder.pathOf(METADATA_NAME)} is sound and lists ${records.length} models, so it was left as it is. ` +
        `To go back to ${folder.pathOf(BACKUP_NAME)} all the same, move ${METADATA_NAME} away first`,
    );
  } catch (error) {
    if (!(error instanceof DamagedMetadataError)) throw error;
  }
}

/** Copies the file instead of renaming it, because the list would look empty while the file is missing. */
async function keepDamaged(folder: Folder): Promise<string | undefined> {
  if (!await folder.has(METADATA_NAME)) return undefined;
  const kept = await freeName(folder, `${METADATA_NAME}.damaged-${timeForName(Date.now())}`);
  await folder.replace(kept, await folder.read(METADATA_NAME, MAX_DAMAGED_BYTES));
  return folder.pathOf(kept);
}

async function compare(folder: Folder, entries: readonly Entry[]): Promise<Pick<Restored, "withoutFile" | "unlisted">> {
  const present = new Set<string>();
  for await (const { name } of folder.list()) if (name.endsWith(".pth")) present.add(name);
  const named = new Set(entries.map(({ filename }) => filename));
  const models = entries.map(({ record }) => record).filter((record) => record !== undefined);
  return {
    withoutFile: models.filter(({ filename }) => !present.has(filename)).map(({ id }) => id),
    unlisted: [...present].filter((name) => !named.has(name) && !name.startsWith(".")).sort(),
  };
}
