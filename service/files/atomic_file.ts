/** Replaces files atomically: a reader finds either the old file or the new one, even after a crash. */
import { basename, dirname, join } from "node:path";

const TEMP_SUFFIX = ".lab-tmp";

/**
 * Writes `parts`, one after the other, to a file beside `path`, syncs it to disk, and renames it to `path`. Callers
 * hold the folder's lock, so no two write the same file at once. If it throws, `path` is unchanged.
 *
 * The temporary file has a name that nobody can guess and is always newly created, because a link planted under its
 * name would make the lab write elsewhere.
 */
export async function replaceFile(path: string, ...parts: Uint8Array[]): Promise<void> {
  const temp = join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}${TEMP_SUFFIX}`);
  const file = await Deno.open(temp, { write: true, createNew: true });
  try {
    await writeDurably(file, parts);
    await Deno.rename(temp, path);
  } catch (error) {
    await Deno.remove(temp).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Removes files left behind by writers that died in `replaceFile`. Callers hold the folder's lock, so no writer is
 * active.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory && name.startsWith(".") && name.endsWith(TEMP_SUFFIX)) await Deno.remove(join(folder, name));
  }
}

async function writeDurably(opened: Deno.FsFile, parts: readonly Uint8Array[]): Promise<void> {
  using file = opened;
  for (const bytes of parts) {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}

/** Syncs the folder, because a rename is on disk only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // Not every system lets a program sync a folder. The rename is done and must not appear to have failed.
  }
}
