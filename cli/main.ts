/** The lab's command line, and the entry of its binary. */
import deno from "../deno.json" with { type: "json" };
import { RegistryError } from "../lab/models/mod.ts";
import { graphicsEnvironment } from "../service/process/launch.ts";
import { StartupError } from "../service/process/settings.ts";
import { RefusedError } from "../lab/runs/runs.ts";
import { type Command, helpText, parseCommand, UsageError } from "./arguments.ts";
import { readLabSettings } from "./locations.ts";
import { exportModel, listModels, modelTable } from "./models.ts";
import { predictFile, predictionLines } from "./predict.ts";
import { serve } from "./serve.ts";
import { trainHere } from "./train.ts";

const USAGE_EXIT = 2;
/** What shells report of a program whose reader has gone: 128 + SIGPIPE. */
const READER_GONE_EXIT = 141;

/** Does what `command` says and returns the exit code. */
async function run(command: Command): Promise<number> {
  switch (command.name) {
    case "help":
      console.log(helpText(command.topic));
      return 0;
    case "version":
      console.log(`mnist-lab ${deno.version} (Deno ${Deno.version.deno}, V8 ${Deno.version.v8})`);
      return 0;
    case "serve":
      await serve(command.services, await readLabSettings(), command.open);
      return 0;
    case "train":
      return await trainHere(await readLabSettings(), command.config, command.overwrite);
    case "predict": {
      const answer = await predictFile(await readLabSettings(), command.file, command.model);
      console.log(command.json ? JSON.stringify(answer) : predictionLines(answer));
      return 0;
    }
    case "models": {
      const settings = await readLabSettings();
      const records = await listModels(settings);
      if (command.json) console.log(JSON.stringify(records));
      else console.log(records.length === 0 ? `No model is stored in ${settings.modelsDir} yet.` : modelTable(records));
      return 0;
    }
    case "export": {
      const bytes = await exportModel(await readLabSettings(), command.id, command.format);
      return await writeOut(command.output ?? `${command.id}.${command.format}`, bytes);
    }
  }
}

/** Writes a file, which must not exist yet, or standard output for `-`. Returns the exit code. */
async function writeOut(path: string, bytes: Uint8Array): Promise<number> {
  if (path === "-") return await writeToPipe(bytes);
  try {
    await Deno.writeFile(path, bytes, { createNew: true });
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists ? "it exists already" : (error as Error).message;
    throw new UsageError(`cannot write ${path}: ${reason}`);
  }
  console.error(`Written: ${path}`);
  return 0;
}

async function writeToPipe(bytes: Uint8Array): Promise<number> {
  try {
    for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return READER_GONE_EXIT;
    throw error;
  }
}

if (import.meta.main) {
  for (const [name, value] of Object.entries(graphicsEnvironment())) Deno.env.set(name, value);
  try {
    Deno.exit(await run(parseCommand(Deno.args)));
  } catch (error) {
    const isExpected = [UsageError, StartupError, RegistryError, RefusedError].some((kind) => error instanceof kind);
    if (!isExpected) throw error;
    console.error((error as Error).message);
    Deno.exit(error instanceof UsageError ? USAGE_EXIT : 1);
  }
}
