/** What the lab's binary is made of: its entry, what is embedded beside the entry's imports, and what it may do. */
import { posix } from "node:path";
import { OPENERS } from "../../cli/serve.ts";
import { SETTING_NAMES } from "../../service/process/settings.ts";
import { sourceImports } from "../lib/source_imports.ts";
import { readSources } from "../lib/source_files.ts";

/** The script that the binary runs. */
export const ENTRY = "cli/main.ts";

/** Built before: the bundled pages, and the four files of MNIST, gzipped. */
export const EMBEDDED_FOLDERS = ["dist/ui", "dist/dataset"];

/** By the name of the platform in the file's name; Deno's targets. */
export const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

/** Where a platform keeps a program's data, and drivers keep theirs. */
const PLATFORM_VARIABLES = [
  ...["HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"],
  ...["XDG_RUNTIME_DIR", "TMPDIR", "TMP", "TEMP"],
];

/**
 * What the process may do. Addresses and folders are for whoever starts it to choose, so it may use all; each service is given
 * only its own (`cli/serve.ts`). It may start the program that opens an address, and no other.
 */
export const PERMISSIONS = [
  // Of the programs that open an address most are missing on any one platform, which Deno would say at every start.
  "--quiet",
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  `--allow-env=${[...SETTING_NAMES, ...PLATFORM_VARIABLES].join(",")}`,
  // Where other machines find the lab, once it is opened to them.
  "--allow-sys=networkInterfaces",
  `--allow-run=${Object.values(OPENERS).join(",")}`,
];

/** Scripts of workers: they are named by address, which the compiler does not follow. Tests' are not among them. */
export async function workerScripts(): Promise<string[]> {
  const scripts = new Set<string>();
  for (const [path, text] of await readSources()) {
    if (
      !/^(cli|core|lab|service|training_service|inference_service)\//.test(path) || /(_test|_testing)\.ts$/.test(path)
    ) continue;
    if (!path.endsWith(".ts")) continue;
    for (const { kind, specifier } of sourceImports(text)) {
      if (kind === "worker") scripts.add(posix.join(posix.dirname(path), specifier));
    }
  }
  return [...scripts].sort();
}
