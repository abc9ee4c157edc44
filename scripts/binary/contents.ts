/**
 * Defines what the binary contains: its entry, the files embedded besides its imports, the dataset and its permissions.
 */
import { join, posix } from "node:path";
import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { OPENERS } from "../../cli/serve.ts";
import { SETTING_NAMES, StartupError } from "../../service/process/settings.ts";
import { checksArguments, modeFlags, type WasmMode } from "../../service/process/wasm_checks.ts";
import { PROJECT_DIR, readSources, sourceImports } from "../lib/source_files.ts";
import { DATASET_FILES } from "../../core/mnist/idx.ts";
import { findRawFile, rawFolder, REMEDY } from "../../service/dataset/dataset.ts";

/** The script that the binary runs. */
export const ENTRY = "cli/main.ts";

/** Folders that must be built first: the bundled pages, and the four MNIST files, gzipped. */
export const EMBEDDED_FOLDERS = ["dist/ui", "dist/dataset"];

/** Deno's targets, by the platform's name in the binary's file name. */
export const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

/** Variables that say where a platform keeps the data of programs and drivers. */
const PLATFORM_VARIABLES = [
  ...["HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"],
  ...["XDG_RUNTIME_DIR", "TMPDIR", "TMP", "TEMP"],
];

/**
 * Permissions of the process. The user chooses addresses and folders, so the process may use all of them; each service
 * gets only its own (`cli/serve.ts`). The only other program it may start is the one that opens an address.
 */
export const PERMISSIONS = [
  // Most of the programs that open an address are missing on any given platform, and Deno would report it at every
  // start.
  "--quiet",
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  `--allow-env=${[...SETTING_NAMES, ...PLATFORM_VARIABLES].join(",")}`,
  // Finds the address under which other machines reach a lab that is open to them.
  "--allow-sys=networkInterfaces",
  `--allow-run=${Object.values(OPENERS).join(",")}`,
];

/**
 * Arguments of Deno that run `entry` as the binary runs, with further `flags`. Both services are threads of it, so that
 * the one that reads drawings runs without V8's checks of WebAssembly as well.
 */
export function labArguments(
  entry: string,
  mode: WasmMode = { wasmChecks: "off", wasmVectors: "256" },
  flags: readonly string[] = [],
): string[] {
  return ["run", ...flags, ...modeFlags(mode), ...PERMISSIONS, entry, ...checksArguments(mode)];
}

/** Scripts of workers, except in tests. Code names them by URL, which the compiler does not follow. */
export async function workerScripts(): Promise<string[]> {
  const scripts = new Set<string>();
  for (const [path, text] of await readSources()) {
    if (
      !/^(cli|core|lab|service|training_service|inference_service)\//.test(path) ||
      /(_test|_testing)\.ts$|\/testing\//.test(path)
    ) continue;
    if (!path.endsWith(".ts")) continue;
    for (const { kind, specifier } of sourceImports(text)) {
      if (kind === "worker") scripts.add(posix.join(posix.dirname(path), specifier));
    }
  }
  return [...scripts].sort();
}

/** Compresses 47 MB to 9.7 MB in two seconds. The highest level takes fourteen times as long for 0.3 % less. */
const LEVEL = 7;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);
const gunzip = promisify<Uint8Array, Uint8Array>(zlib.gunzip);

/**
 * Writes the dataset of `dataDir` to `target`, gzipped. Files that already hold the same digits are left alone.
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

/** Reads a file that is plain or gzipped, as the services do. */
async function readRaw(dataDir: string, name: string): Promise<Uint8Array> {
  const file = findRawFile(dataDir, name);
  if (file === undefined) throw new StartupError(`${name} is not in ${rawFolder(dataDir)}: ${REMEDY}`);
  const bytes = await Deno.readFile(file.path);
  return file.gzipped ? await gunzip(bytes) : bytes;
}

/** Compares the contents, because the date of a file that was copied or extracted from an archive means nothing. */
async function holds(path: string, digits: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await gunzip(await Deno.readFile(path)), digits) === 0;
  } catch {
    return false;
  }
}
