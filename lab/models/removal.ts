/**
 * Files that go once the metadata no longer names them. A note beside the file says so beforehand: who dies in between leaves
 * the note, and the next to open the folder finishes the work. A file without a note is never touched, as it may be anybody's.
 */
import { type Folder, isMissing } from "../host.ts";
import { removeHistory } from "../runs/run_history.ts";

const NOTE = /^\.(.+\.pth)\.lab-removed$/;

/** Notes that `filename` is to go. Callers hold the folder's lock until the file is gone. */
export async function announceRemoval(folder: Folder, filename: string): Promise<void> {
  await folder.touch(noteOf(filename));
}

/** The files of which a note says that they go. */
export async function announcedRemovals(folder: Folder): Promise<string[]> {
  const filenames: string[] = [];
  for await (const { name, isFile } of folder.list()) {
    const filename = isFile ? NOTE.exec(name)?.[1] : undefined;
    if (filename !== undefined) filenames.push(filename);
  }
  return filenames;
}

/**
 * Removes the announced file, the history of its training, and the note. A file that `isNamed` by the metadata stays: who wrote
 * its note did not get further.
 */
export async function finishRemoval(folder: Folder, filename: string, isNamed: boolean): Promise<void> {
  const isDone = isNamed || (await isGone(folder.remove(filename)) && await isGone(removeHistory(folder, filename)));
  if (isDone) await isGone(folder.remove(noteOf(filename)));
}

function noteOf(filename: string): string {
  return `.${filename}.lab-removed`;
}

/** Whether the file is gone. One that cannot go is only in the way, and failing now would hide that all else was done. */
async function isGone(removal: Promise<void>): Promise<boolean> {
  try {
    await removal;
    return true;
  } catch (error) {
    return isMissing(error);
  }
}
