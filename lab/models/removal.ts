/**
 * Removes files that the metadata no longer names. A note beside the file announces the removal: after a crash in
 * between, the next process that opens the folder finds the note and finishes the work. Files without a note are never
 * removed, because they may belong to anyone.
 */
import { type Folder, isMissing } from "../host.ts";
import { removeHistory } from "./history_file.ts";

const NOTE = /^\.(.+\.pth)\.lab-removed$/;

/** Writes a note that `filename` will be removed. Callers hold the folder's lock until the file is gone. */
export async function announceRemoval(folder: Folder, filename: string): Promise<void> {
  await folder.touch(noteOf(filename));
}

/** The files that notes mark for removal. */
export async function announcedRemovals(folder: Folder): Promise<string[]> {
  const filenames: string[] = [];
  for await (const { name, isFile } of folder.list()) {
    const filename = isFile ? NOTE.exec(name)?.[1] : undefined;
    if (filename !== undefined) filenames.push(filename);
  }
  return filenames;
}

/**
 * Removes the announced file, its history, and the note. A file that the metadata still names (`isNamed`) stays: the
 * process that wrote the note got no further.
 */
export async function finishRemoval(folder: Folder, filename: string, isNamed: boolean): Promise<void> {
  const isDone = isNamed || (await isGone(folder.remove(filename)) && await isGone(removeHistory(folder, filename)));
  if (isDone) await isGone(folder.remove(noteOf(filename)));
}

function noteOf(filename: string): string {
  return `.${filename}.lab-removed`;
}

/** Whether the file is gone. Does not throw, because an error would hide that everything else was done. */
async function isGone(removal: Promise<void>): Promise<boolean> {
  try {
    await removal;
    return true;
  } catch (error) {
    return isMissing(error);
  }
}
