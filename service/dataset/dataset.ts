/** The dataset folder: MNIST, or any IDX dataset of the same shape under the same names. */
import { join } from "node:path";
import {
  type Dataset,
  DATASET_FILES,
  type DigitSet,
  fileBytes,
  headerBytes,
  IdxError,
  type IdxKind,
  parseHeader,
  parseImages,
  parseLabels,
  requireLength,
  requireSameCount,
} from "../../core/mnist/idx.ts";
import { lookAt, openRegular } from "../files/regular_file.ts";
import { StartupError } from "../process/settings.ts";

/** Far more than any published dataset of this shape has. Keeps a forged header from claiming all memory. */
const MAX_DIGITS = 1_000_000;

/** How many digits there are. */
export interface DatasetSize {
  train: number;
  test: number;
}

/**
 * Reads all digits of `<dataDir>/MNIST/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte`. If a plain file is missing,
 * its gzipped form (`.gz`) is read.
 *
 * @throws {StartupError} naming the file, what is wrong with it and what to do
 */
export function readDataset(dataDir: string): Promise<Dataset> {
  return explained(async () => ({
    train: await readDigits(dataDir, DATASET_FILES.train),
    test: await readDigits(dataDir, DATASET_FILES.test),
  }));
}

/**
 * Reads the test digits alone.
 *
 * @throws {StartupError} as `readDataset` does
 */
export function readTestDigits(dataDir: string): Promise<DigitSet> {
  return explained(() => readDigits(dataDir, DATASET_FILES.test));
}

/**
 * Checks the headers, which is cheap enough for every start: the files exist, are of the right kind, agree on their
 * counts, and those that are not gzipped have the right length.
 *
 * @throws {StartupError} as `readDataset` does
 */
export function checkDataset(dataDir: string): Promise<DatasetSize> {
  return explained(async () => ({
    train: await countDigits(dataDir, DATASET_FILES.train),
    test: await countDigits(dataDir, DATASET_FILES.test),
  }));
}

type Names = (typeof DATASET_FILES)[keyof typeof DATASET_FILES];

async function readDigits(dataDir: string, names: Names): Promise<DigitSet> {
  const imagesFile = requireRawFile(dataDir, names.images);
  const labelsFile = requireRawFile(dataDir, names.labels);
  const { count, images } = parseImages(await readWhole("images", imagesFile), imagesFile.path);
  const { count: labelled, labels } = parseLabels(await readWhole("labels", labelsFile), labelsFile.path);
  requireSameCount(count, labelled, imagesFile.path, labelsFile.path);
  return { count, images, labels };
}

async function countDigits(dataDir: string, names: Names): Promise<number> {
  const imagesFile = requireRawFile(dataDir, names.images);
  const labelsFile = requireRawFile(dataDir, names.labels);
  const images = await readCount("images", imagesFile);
  requireSameCount(images, await readCount("labels", labelsFile), imagesFile.path, labelsFile.path);
  return images;
}

function requireRawFile(dataDir: string, name: string): RawFile {
  const file = findRawFile(dataDir, name);
  if (file !== undefined) return file;
  throw new StartupError(`The dataset lacks ${name} (or ${name}.gz) in ${rawFolder(dataDir)}: ${REMEDY}`);
}

async function readCount(kind: IdxKind, file: RawFile): Promise<number> {
  const count = parseHeader(kind, await readUpTo(file, headerBytes(kind)), file.path);
  if (count > MAX_DIGITS) throw new IdxError(file.path, 4, `at most ${MAX_DIGITS} ${kind}, found ${count}`);
  if (!file.gzipped) requireLength(kind, count, file.size, file.path);
  return count;
}

/** Reads as many bytes as the header declares, and one more to notice surplus bytes. */
async function readWhole(kind: IdxKind, file: RawFile): Promise<Uint8Array> {
  const count = await readCount(kind, file);
  return await readUpTo(file, fileBytes(kind, count) + 1);
}

async function explained<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof IdxError)) throw error;
    throw new StartupError(`${error.message}: remove the file and ${REMEDY}`);
  }
}

/** Reads files of the dataset folder, plain or gzipped, and no further than needed. */

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
