/** What `--help` prints. */
import { UsageError } from "./arguments.ts";

const GENERAL = `MNIST Lab: train networks that read handwritten digits, and try them at once.

Usage: mnist-lab [COMMAND] [OPTIONS]

  mnist-lab                      both services, and the training page in your browser
  mnist-lab train                the training service alone
  mnist-lab train --config JSON  one training here in the terminal, the result on standard output
  mnist-lab predict              the inference service alone
  mnist-lab predict FILE.png     reads one drawing
  mnist-lab models               lists the stored models, newest first
  mnist-lab export ID            writes a stored model to a file

  -h, --help     this text; with a command, more about it
  -V, --version

Environment variables: TRAINING_PORT, INFERENCE_PORT, HOST, LAB_TOKEN, ALLOWED_HOSTS, MODELS_DIR, DATA_DIR, DEVICE,
THREADS, LOG_LEVEL, LOG_FORMAT; the README says what each does.`;

const TOPICS: Readonly<Record<string, string>> = {
  train: `Usage: mnist-lab train [--no-open]
       mnist-lab train --config JSON [--overwrite]

  -c, --config JSON   the training's configuration: JSON text, a file that holds it, or - for standard input.
                      {"model_type": "SimpleNN", "optimizer": "Adam", "learning_rate": 0.001, "num_epochs": 1,
                       "batch_size": 32, "hidden_layers_config": [128]}
      --overwrite     replaces a stored model of the same configuration; without it, that one is kept
      --no-open       opens no browser

Progress goes to standard error, the result as one line of JSON to standard output. Ctrl+C aborts; nothing half trained is
stored. Exit code 0: trained and stored, 1: not, 3: a model of this configuration was kept.`,
  predict: `Usage: mnist-lab predict [--no-open]
       mnist-lab predict FILE.png [--model ID] [--json]

  -m, --model ID      the stored model to ask; without it, the most accurate one
      --json          the whole answer as JSON
      --no-open       opens no browser`,
  models: `Usage: mnist-lab models [--json]

      --json          the records as JSON`,
  export: `Usage: mnist-lab export ID [--format pth|safetensors|onnx] [--output FILE]

  -f, --format        pth (PyTorch), safetensors or onnx; without it, by the ending of FILE, else pth
  -o, --output FILE   where to write; without it, ID and the format's ending in the working directory. - for standard output`,
};

/** @throws {UsageError} for a command that there is not */
export function helpText(topic: string | undefined): string {
  if (topic === undefined) return GENERAL;
  const text = TOPICS[topic];
  if (text === undefined) throw new UsageError(`There is no command "${topic}". See mnist-lab --help.`);
  return text;
}
