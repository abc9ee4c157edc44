/**
 * `deno task compile` makes `dist/mnist-lab` for this platform, `deno task compile:all` one for each platform that the
 * lab runs on. Deno downloads the runtime for the binary unless DENORT_BIN names one that is already there.
 */
import { join } from "node:path";
import { runMain } from "../../service/process/output.ts";
import { readSettings, StartupError } from "../../service/process/settings.ts";
import { prepare } from "../lib/prepare.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";
import { checksArguments, modeFlags } from "../../service/process/wasm_checks.ts";
import { embedDataset, EMBEDDED_FOLDERS, ENTRY, PERMISSIONS, TARGETS, workerScripts } from "./contents.ts";

/** Builds the pages and the dataset in the form in which they are embedded. */
export async function prepareContents(log: (line: string) => void): Promise<void> {
  const settings = readSettings();
  await prepare(settings, log);
  await embedDataset(settings.dataDir);
}

/** What to compile, and where to. */
export interface CompileOptions {
  output: string;
  /** Deno's name of another platform. */
  target?: string;
  /** The runtime to use instead of the one that Deno downloads. */
  runtime?: string;
}

/**
 * Compiles the lab into one file and returns the compiler's output.
 *
 * @throws {StartupError} when the compiler fails
 */
export async function compileLab({ output, target, runtime }: CompileOptions): Promise<string> {
  const mode = readSettings();
  const included = [...EMBEDDED_FOLDERS, ...await workerScripts()];
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--no-check",
      // Embed only packages that the lab imports, not all of node_modules.
      "--node-modules-dir=none",
      "--exclude-unused-npm",
      "--app-name=mnist-lab",
      ...modeFlags(mode),
      ...PERMISSIONS,
      ...included.flatMap((path) => ["--include", path]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      output,
      ENTRY,
      ...checksArguments(mode),
    ],
    cwd: PROJECT_DIR,
    env: runtime === undefined ? {} : { DENORT_BIN: runtime },
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new StartupError(`deno compile failed:\n${said}`);
  return said;
}

if (import.meta.main) {
  await runMain(async () => {
    await prepareContents(console.log);
    const all = Deno.args.includes("--all");
    for (const [name, target] of all ? Object.entries(TARGETS) : [["", undefined] as const]) {
      const output = join(PROJECT_DIR, "dist", name === "" ? "mnist-lab" : `mnist-lab-${name}`);
      await compileLab({ output, target });
      console.log(`Compiled: ${output}`);
    }
  });
}
