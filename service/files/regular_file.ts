/**
 * Opens regular files and nothing else: a FIFO or a device in place of a file would make whoever opens it wait, and a
 * link might lead to any file of the machine. A link to a file of the same folder is followed.
 *
 * Somebody who swaps a file for a FIFO between the look and the opening can still make one `open` wait, which blocks
 * one thread of Deno's pool and no other request. That takes the right to write to the folder, and so to remove all of
 * it.
 */
import { dirname, relative } from "node:path";
import { FileError } from "../../lab/host.ts";

/** How often to try again when the file is replaced between the look and the opening. */
const MAX_TRIES = 10;

/**
 * Looks at the regular file `path`, without opening it. Synchronous, which takes a few microseconds; asynchronously it
 * took a sixth of a prediction's time.
 *
 * @throws {FileError} when it is something else, or a link that leads out of its folder; what Deno throws
 */
export function lookAt(path: string): Deno.FileInfo {
  let found = Deno.lstatSync(path);
  if (found.isSymlink) {
    const target = Deno.realPathSync(path);
    const way = relative(Deno.realPathSync(dirname(path)), target);
    if (/^\.\.|[/\\:]/.test(way)) throw new FileError("other", "it is a link that leads out of its folder");
    found = Deno.lstatSync(target);
  }
  if (!found.isFile) throw new FileError("other", "it is not a regular file");
  return found;
}

/**
 * Opens the regular file `path`, for reading unless `options` say otherwise.
 *
 * @throws {FileError} when it is something else, or a link that leads out of its folder; what Deno throws
 */
export async function openRegular(path: string, options?: Deno.OpenOptions): Promise<Deno.FsFile> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const expected = lookAt(path);
    const file = await Deno.open(path, options);
    try {
      const { dev, ino, isFile } = await file.stat();
      // Windows does not number its files.
      if (isFile && (ino === null || (ino === expected.ino && dev === expected.dev))) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
  throw new FileError("other", "it is replaced all the time");
}
