/** What the command line asks for. */
import { parseArgs } from "node:util";

/** A command line that cannot be followed, as one line for whoever typed it. */
export class UsageError extends Error {
  override name = "UsageError";
}

export type Command =
  | { name: "help"; topic?: string }
  | { name: "version" }
  | { name: "serve"; services: ("training" | "inference")[]; open: boolean }
  | { name: "train"; config: string; overwrite: boolean }
  | { name: "predict"; file: string; model?: string; json: boolean }
  | { name: "models"; json: boolean }
  | { name: "export"; id: string; format: ExportFormat; output?: string };

export const EXPORT_FORMATS = ["pth", "safetensors", "onnx"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
  "no-open": { type: "boolean" },
  config: { type: "string", short: "c" },
  overwrite: { type: "boolean" },
  model: { type: "string", short: "m" },
  json: { type: "boolean" },
  format: { type: "string", short: "f" },
  output: { type: "string", short: "o" },
} as const;

type OptionName = keyof typeof OPTIONS;

/** Options that each command takes, besides `--help`. */
const TAKES: Readonly<Record<string, readonly OptionName[]>> = {
  "": ["no-open", "version"],
  train: ["config", "overwrite", "no-open"],
  predict: ["model", "json", "no-open"],
  models: ["json"],
  export: ["format", "output"],
};

/** @throws {UsageError} for a command, an option or an argument that there is not */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  const [name = "", ...rest] = positionals;
  if (values.help) return { name: "help", topic: name || undefined };
  if (values.version) return { name: "version" };
  if (!(name in TAKES)) {
    const hint = /\.png$/i.test(name) ? `; did you mean: mnist-lab predict ${name}` : "";
    throw new UsageError(`There is no command "${name}"${hint}. See mnist-lab --help.`);
  }
  for (const option of Object.keys(values) as OptionName[]) {
    if (!TAKES[name].includes(option)) throw new UsageError(`${name || "mnist-lab"} takes no --${option}.`);
  }
  const open = !values["no-open"];
  switch (name) {
    case "train":
      noMore(name, rest);
      if (values.config !== undefined) {
        return { name, config: values.config, overwrite: values.overwrite ?? false };
      }
      if (values.overwrite) throw new UsageError("--overwrite goes with --config.");
      return { name: "serve", services: ["training"], open };
    case "predict": {
      const [file, ...more] = rest;
      noMore(name, more);
      if (file !== undefined) return { name, file, model: values.model, json: values.json ?? false };
      if (values.model !== undefined || values.json) throw new UsageError("--model and --json go with a PNG file.");
      return { name: "serve", services: ["inference"], open };
    }
    case "models":
      noMore(name, rest);
      return { name, json: values.json ?? false };
    case "export": {
      const [id, ...more] = rest;
      noMore(name, more);
      if (id === undefined) throw new UsageError("export needs the id of a model; mnist-lab models lists them.");
      return { name, id, format: exportFormat(values.format, values.output), output: values.output };
    }
    default:
      return { name: "serve", services: ["training", "inference"], open };
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${error.message.split(". ")[0]}. See mnist-lab --help.`);
    throw error;
  }
}

function noMore(command: string, rest: readonly string[]) {
  if (rest.length > 0) throw new UsageError(`${command} does not know what to do with "${rest[0]}".`);
}

/** As it is said, or else as the name of the file says; where both do, they have to agree. */
function exportFormat(format: string | undefined, output: string | undefined): ExportFormat {
  const byName = EXPORT_FORMATS.find((known) => output?.endsWith(`.${known}`));
  const named = format ?? byName ?? "pth";
  const found = EXPORT_FORMATS.find((known) => known === named);
  if (found === undefined) {
    throw new UsageError(`--format must be one of ${EXPORT_FORMATS.join(", ")}, got "${named}".`);
  }
  if (byName !== undefined && byName !== found) {
    throw new UsageError(`--format is ${found}, but "${output}" has the ending of ${byName}.`);
  }
  return found;
}
