import { Buffer } from "node:buffer";
import { join } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { DATASET_FILES } from "../../core/mnist/idx.ts";
import { findRawFile, rawFolder, REMEDY } from "../../service/dataset/raw_file.ts";
import { StartupError } from "../../service/process/settings.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";

/** 47 MB become 9.7 in two seconds; the highest level takes fourteen times as long for 0.3 % less. */
const LEVEL = 7;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);
const gunzip = promisify<Uint8Array, Uint8Array>(zlib.gunzip);

/**
 * Writes the dataset of `dataDir` to `target`, gzipped; files that hold the same digits already stay as they are.
 *
 * @throws {StartupError} when a file is missing
 */
export async function embedDataset(
  dataDir: string,
  target: string = join(PROJECT_DIR, "dist", "dataset"),
): Promise<void> {
  const folder = rawFolder(target);
  await Deno.mkdir(folder, { recursive: true });
  await Promise.all(
    Object.values(DATASET_FILES).flatMap(({ images, labels }) => [images, labels]).map(async (name) => {
      const digits = await readRaw(dataDir, name), path = join(folder, `${name}.gz`);
      if (await holds(path, digits)) return;
      const fresh = `${path}.${crypto.randomUUID()}.tmp`;
      await Deno.writeFile(fresh, await gzip(digits, { level: LEVEL }));
      await Deno.rename(fresh, path);
    }),
  );
}

/** Plain or gzipped, as the services find it. */
async function readRaw(dataDir: string, name: string): Promise<Uint8Array> {
  const file = await findRawFile(dataDir, name);
  if (file === undefined) throw new StartupError(`${name} is not in ${rawFolder(dataDir)}: ${REMEDY}`);
  const bytes = await Deno.readFile(file.path);
  return file.gzipped ? await gunzip(bytes) : bytes;
}

/** By the contents: the times of files say nothing where one was copied, or taken from an archive. */
async function holds(path: string, digits: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await gunzip(await Deno.readFile(path)), digits) === 0;
  } catch {
    return false;
  }
}
