/** Reads files of the dataset folder, plain or gzipped, and no further than needed. */
import { join } from "node:path";
import { lookAt, openRegular } from "../files/regular_file.ts";
import { StartupError } from "../process/settings.ts";

/** One IDX file on disk. */
export interface RawFile {
  path: string;
  gzipped: boolean;
  /** Bytes on disk. */
  size: number;
}

/** What to do about an unusable dataset; error messages end with this. */
export const REMEDY = 'run "deno task fetch-data", or put an IDX set of your own there';

/** The folder of the raw files, as in torchvision's layout. */
export function rawFolder(dataDir: string): string {
  return join(dataDir, "MNIST", "raw");
}

/**
 * Finds the file `name`, or else its gzipped form; undefined if there is neither.
 *
 * @throws {StartupError} when it is neither a regular file nor a link to one
 */
export function findRawFile(dataDir: string, name: string): RawFile | undefined {
  for (const gzipped of [false, true]) {
    const path = join(rawFolder(dataDir), gzipped ? `${name}.gz` : name);
    try {
      const { size } = lookAt(path, "all");
      return { path, gzipped, size };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw unreadable(path, error);
    }
  }
}

/**
 * Reads the first `limit` bytes of the contents, or fewer if the file is shorter. A gzipped file is inflated no
 * further, whatever its full size.
 *
 * @throws {StartupError} when the file cannot be read or inflated
 */
export async function readUpTo({ path, gzipped }: RawFile, limit: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit);
  let filled = 0;
  try {
    using file = await openRegular(path, "all");
    if (!gzipped) return await file.read(limit);
    for await (const chunk of file.stream.pipeThrough(new DecompressionStream("gzip"))) {
      const taken = chunk.subarray(0, limit - filled);
      bytes.set(taken, filled);
      filled += taken.length;
      if (filled === limit) break;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw unreadable(path, error);
    throw new StartupError(`${path} is not a whole gzip file (${error.message}): remove it and ${REMEDY}`);
  }
  return bytes.subarray(0, filled);
}

function unreadable(path: string, error: unknown): StartupError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartupError(
    `${path} cannot be read (${reason}): make it readable, set DATA_DIR to another folder, or ${REMEDY}`,
  );
}
