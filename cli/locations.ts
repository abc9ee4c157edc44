/** Finds the dataset and the folder for models for the command line. */
import { join, resolve } from "node:path";
import { readSettings, type Settings, StartupError } from "../service/process/settings.ts";
import { wasmChecks } from "../service/process/wasm_checks.ts";
import { rawFolder } from "../service/dataset/dataset.ts";

const PROJECT_DIR = resolve(import.meta.dirname!, "..");
/** The four files of the dataset, gzipped, as embedded in a binary. */
const EMBEDDED_DATA = join(PROJECT_DIR, "dist", "dataset");

type GetVariable = (name: string) => string | undefined;

/**
 * The settings from the environment, with two more defaults. If `DATA_DIR` is unset, the digits come from `data` if it
 * has them, otherwise from the binary. If `MODELS_DIR` is unset, a binary chooses a folder (`chooseModelsDir`).
 *
 * @throws {StartupError} as `readSettings` does, and if this process cannot honour `WASM_CHECKS`
 */
export async function readLabSettings(get: GetVariable = (name) => Deno.env.get(name)): Promise<Settings> {
  const settings = readSettings(get);
  // Elsewhere, the program that starts the process has already set it.
  if (settings.wasmChecks === "on" && wasmChecks === "off") {
    throw new StartupError(
      "WASM_CHECKS=on has no effect here: this program was compiled to run without V8's checks of WebAssembly. " +
        "Compile it with WASM_CHECKS=on deno task compile, or leave WASM_CHECKS unset",
    );
  }
  const choosesModels = Deno.build.standalone && !get("MODELS_DIR");
  const lacksData = !get("DATA_DIR") && !await isFolder(rawFolder(settings.dataDir));
  return {
    ...settings,
    ...(choosesModels ? { modelsDir: await chooseModelsDir(Deno.cwd(), get) } : {}),
    ...(lacksData && await isFolder(EMBEDDED_DATA) ? { dataDir: EMBEDDED_DATA } : {}),
  };
}

/**
 * Where a binary keeps its models: in `models` in the working directory if that exists or can be created, else in the
 * platform's folder for application data. A double click may start a binary in the home folder, which should stay tidy,
 * or in a folder that is not writable. Creates the folder if it can; opening it reports what is wrong otherwise.
 */
export async function chooseModelsDir(workingDir: string, get: GetVariable): Promise<string> {
  const here = join(workingDir, "models");
  if (await isFolder(here)) return here;
  const fallback = platformDataDir(Deno.build.os, get);
  const isHome = [get("HOME"), get("USERPROFILE")].some((home) => home && resolve(home) === resolve(workingDir));
  for (const folder of isHome && fallback !== undefined ? [fallback] : [here, fallback]) {
    if (folder !== undefined && await canMake(folder)) return folder;
  }
  return here;
}

/** The platform's folder for the lab's data; undefined if the environment does not say. */
export function platformDataDir(os: typeof Deno.build.os, get: GetVariable): string | undefined {
  const below = (base: string | undefined, ...parts: string[]) => base ? join(base, ...parts, "mnist-lab") : undefined;
  if (os === "windows") return below(get("LOCALAPPDATA") ?? get("APPDATA"));
  if (os === "darwin") return below(get("HOME"), "Library", "Application Support");
  return below(get("XDG_DATA_HOME")) ?? below(get("HOME"), ".local", "share");
}

async function canMake(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}
