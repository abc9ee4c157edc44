/** Parses the command line, and holds the texts that `--help` prints. */
import { parseArgs } from "node:util";

/** Thrown for a wrong command line. The message is one line for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The services that `serve` can start, both by default. */
const SERVICES = ["training", "inference"] as const;

/** A parsed command line. */
export type Command =
  | { name: "help"; topic?: string }
  | { name: "version" }
  | { name: "serve"; services: (typeof SERVICES)[number][]; open: boolean }
  | { name: "train"; config: string; overwrite: boolean }
  | { name: "predict"; file: string; model?: string; json: boolean }
  | { name: "models"; json: boolean }
  | { name: "export"; id: string; format: ExportFormat; output?: string };

/** Formats in which a model can be exported; each is its file ending, too. */
export const EXPORT_FORMATS = ["pth", "safetensors", "onnx"] as const;
/** A format in which a model can be exported. */
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

/** Options that each command accepts, besides `--help`. */
const TAKES: Readonly<Record<string, readonly OptionName[]>> = {
  "": ["no-open", "version"],
  serve: ["no-open"],
  train: ["config", "overwrite"],
  predict: ["model", "json"],
  models: ["json"],
  export: ["format", "output"],
};

/**
 * Reads the arguments after the program's name.
 *
 * @throws {UsageError} for an unknown command, option or argument
 */
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
    case "serve": {
      const [one, ...more] = rest;
      noMore(name, more);
      const services = SERVICES.filter((service) => one === undefined || service === one);
      if (services.length > 0) return { name, services, open };
      throw new UsageError(`serve starts ${SERVICES.join(" or ")}, got "${one}"; without either it starts both.`);
    }
    case "train":
      noMore(name, rest);
      if (values.config === undefined) {
        throw new UsageError(
          "train needs --config: JSON text, a file that holds it, or - for standard input; mnist-lab train --help shows one. " +
            "mnist-lab serve training opens the training page.",
        );
      }
      return { name, config: values.config, overwrite: values.overwrite ?? false };
    case "predict": {
      const [file, ...more] = rest;
      noMore(name, more);
      if (file === undefined) {
        throw new UsageError("predict needs a PNG file. mnist-lab serve inference opens the drawing page.");
      }
      return { name, file, model: values.model, json: values.json ?? false };
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
      return { name: "serve", services: [...SERVICES], open };
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

/** The format from `--format`, else from the ending of `--output`. If both are given, they must agree. */
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

const GENERAL = `MNIST Lab: train networks that recognise handwritten digits, and try them at once.

Usage: mnist-lab [COMMAND] [OPTIONS]

  mnist-lab                      both services, and the training page in your browser
  mnist-lab serve [SERVICE]      both, or the training or the inference service alone
  mnist-lab train --config JSON  trains in this terminal, prints the result on standard output
  mnist-lab predict FILE.png     classifies one drawing
  mnist-lab models               lists the stored models, newest first
  mnist-lab export ID            writes a stored model to a file

  -h, --help     this text; with a command, more about it
  -V, --version

Environment variables: TRAINING_PORT, INFERENCE_PORT, HOST, LAB_TOKEN, ALLOWED_HOSTS, TRAINING_URL, INFERENCE_URL,
TRUSTED_PROXIES, MODELS_DIR, DATA_DIR, DEVICE, THREADS, WASM_CHECKS, WASM_VECTORS, MAX_RUN_MINUTES, LOG_LEVEL,
LOG_FORMAT; the README says what each does.`;

const TOPICS: Readonly<Record<string, string>> = {
  serve: `Usage: mnist-lab serve [training|inference] [--no-open]

      --no-open       opens no browser`,
  train: `Usage: mnist-lab train --config JSON [--overwrite]

  -c, --config JSON   the training's configuration: JSON text, a file that holds it, or - for standard input.
                      {"model_type": "SimpleNN", "optimizer": "Adam", "learning_rate": 0.001, "num_epochs": 1,
                       "batch_size": 32, "hidden_layers_config": [128]}
      --overwrite     replaces a stored model of the same configuration; without it, that one is kept

Progress goes to standard error, the result as one line of JSON to standard output. Ctrl+C aborts; an unfinished model is
not stored. Exit code 0: trained and stored, whether or not the output could be written; 1: failed, diverged or aborted;
3: a stored model of this configuration was kept.`,
  predict: `Usage: mnist-lab predict FILE.png [--model ID] [--json]

  -m, --model ID      the stored model to ask; without it, the most accurate one
      --json          the whole answer as JSON`,
  models: `Usage: mnist-lab models [--json]

      --json          the records as JSON`,
  export: `Usage: mnist-lab export ID [--format pth|safetensors|onnx] [--output FILE]

  -f, --format        pth (PyTorch), safetensors or onnx; without it, by the ending of FILE, else pth
  -o, --output FILE   where to write; without it, ID and the format's ending in the working directory. - for standard output`,
};

/**
 * The text that `--help` prints; `topic` is the command that it was given with.
 *
 * @throws {UsageError} for an unknown command
 */
export function helpText(topic: string | undefined): string {
  if (topic === undefined) return GENERAL;
  const text = TOPICS[topic];
  if (text === undefined) throw new UsageError(`There is no command "${topic}". See mnist-lab --help.`);
  return text;
}
