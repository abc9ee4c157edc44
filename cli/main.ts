/** The lab's command line and the entry point of its binary. */
import deno from "../deno.json" with { type: "json" };
import { RegistryError } from "../lab/models/mod.ts";
import { graphicsEnvironment } from "../service/process/launch.ts";
import { printError, printLine, writeAll } from "../service/process/output.ts";
import { StartupError } from "../service/process/settings.ts";
import { ownArguments } from "../service/process/wasm_checks.ts";
import { RefusedError } from "../lab/runs/runs.ts";
import { type Command, helpText, parseCommand, UsageError } from "./arguments.ts";
import { readLabSettings } from "./locations.ts";
import { exportModel, listModels, modelTable } from "./models.ts";
import { predictFile, predictionLines } from "./predict.ts";
import { serve } from "./serve.ts";
import { trainHere } from "./train.ts";

const USAGE_EXIT = 2;
/** The exit code that shells report for a program whose reader has gone: 128 + SIGPIPE. */
const READER_GONE_EXIT = 141;

/** Runs `command` and returns the exit code. */
async function run(command: Command): Promise<number> {
  switch (command.name) {
    case "help":
      return print(helpText(command.topic));
    case "version":
      return print(`mnist-lab ${deno.version} (Deno ${Deno.version.deno}, V8 ${Deno.version.v8})`);
    case "serve":
      await serve(command.services, await readLabSettings(), command.open);
      return 0;
    case "train":
      return await trainHere(await readLabSettings(), command.config, command.overwrite);
    case "predict": {
      const answer = await predictFile(await readLabSettings(), command.file, command.model);
      return print(command.json ? JSON.stringify(answer) : predictionLines(answer));
    }
    case "models": {
      const settings = await readLabSettings();
      const records = await listModels(settings);
      if (command.json) return print(JSON.stringify(records));
      return print(records.length === 0 ? `No model is stored in ${settings.modelsDir} yet.` : modelTable(records));
    }
    case "export": {
      const bytes = await exportModel(await readLabSettings(), command.id, command.format);
      return await writeOut(command.output ?? `${command.id}.${command.format}`, bytes);
    }
  }
}

/** Prints the requested text. Returns the exit code. */
function print(text: string): number {
  return exitCodeOf(printLine(text));
}

/** Writes a file, which must not exist yet, or standard output for `-`. Returns the exit code. */
async function writeOut(path: string, bytes: Uint8Array): Promise<number> {
  if (path === "-") return exitCodeOf(writeAll(Deno.stdout, bytes));
  try {
    await Deno.writeFile(path, bytes, { createNew: true });
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists ? "it exists already" : (error as Error).message;
    throw new UsageError(`cannot write ${path}: ${reason}`);
  }
  printError(`Written: ${path}\n`);
  return 0;
}

/** The exit code of a command that only prints. If printing failed, says why, unless the reader has gone. */
function exitCodeOf(fault: Error | undefined): number {
  if (fault === undefined) return 0;
  if (fault instanceof Deno.errors.BrokenPipe) return READER_GONE_EXIT;
  printError(`cannot write to standard output: ${fault.message}\n`);
  return 1;
}

if (import.meta.main) {
  for (const [name, value] of Object.entries(graphicsEnvironment())) Deno.env.set(name, value);
  try {
    Deno.exit(await run(parseCommand(ownArguments)));
  } catch (error) {
    const isExpected = [UsageError, StartupError, RegistryError, RefusedError].some((kind) => error instanceof kind);
    if (!isExpected) throw error;
    printError(`${(error as Error).message}\n`);
    Deno.exit(error instanceof UsageError ? USAGE_EXIT : 1);
  }
}
