/**
 * Files that go once the metadata no longer names them. A note beside the file says so beforehand: who dies in between leaves
 * the note, and the next to open the folder finishes the work. A file without a note is never touched, as it may be anybody's.
 */
import { join } from "node:path";
import { historyPath } from "../runs/run_history.ts";

const NOTE = /^\.(.+\.pth)\.lab-removed$/;

/** Notes that `filename` is to go. Callers hold the folder's lock until the file is gone. */
export async function announceRemoval(folder: string, filename: string): Promise<void> {
  await Deno.writeFile(notePath(folder, filename), new Uint8Array(0));
}

/** The files of which a note says that they go. */
export async function announcedRemovals(folder: string): Promise<string[]> {
  const filenames: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const filename = isFile ? NOTE.exec(name)?.[1] : undefined;
    if (filename !== undefined) filenames.push(filename);
  }
  return filenames;
}

/**
 * Removes the announced file, the history of its training, and the note. A file that `isNamed` by the metadata stays: who wrote its note did not get
 * further.
 */
export async function finishRemoval(folder: string, filename: string, isNamed: boolean): Promise<void> {
  const isDone = isNamed || (await remove(join(folder, filename)) && await remove(historyPath(folder, filename)));
  if (isDone) await remove(notePath(folder, filename));
}

function notePath(folder: string, filename: string): string {
  return join(folder, `.${filename}.lab-removed`);
}

/** Whether it is gone. One that cannot go is only in the way, and failing now would hide that all else was done. */
async function remove(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
