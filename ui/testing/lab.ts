/** Both services as a user starts them, on free ports and with their own models folder. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelRecord, RunSummary } from "../../protocol/mod.ts";
import { freePorts } from "../../service/testing/free_ports.ts";
import { eventually } from "./eventually.ts";

const PROJECT_DIR = join(import.meta.dirname!, "../..");
/** How long a start may take, in ms. The first one fetches the dataset. */
const START_MS = 120_000;

/** A running lab. */
export interface Lab {
  /** Addresses of the two pages, without a slash at the end. */
  trainingUrl: string;
  inferenceUrl: string;
  modelsDir: string;
  /** Stored models, newest first. */
  models(): Promise<ModelRecord[]>;
  /** All runs, newest first. */
  runs(): Promise<RunSummary[]>;
  /** Ends the services and removes their models. */
  close(): Promise<void>;
}

/**
 * Builds the pages and starts both services. They train and predict on WASM in one thread, because other tests run
 * beside them.
 *
 * @param settings more environment variables
 * @throws {AssertionError} with the output of the lab when it does not start
 */
export async function startLab(settings: Readonly<Record<string, string>> = {}): Promise<Lab> {
  const modelsDir = await Deno.makeTempDir();
  const [trainingPort, inferencePort] = freePorts(2);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", join(PROJECT_DIR, "scripts/dev.ts")],
    env: {
      HOST: "127.0.0.1",
      TRAINING_PORT: String(trainingPort),
      INFERENCE_PORT: String(inferencePort),
      MODELS_DIR: modelsDir,
      DEVICE: "wasm",
      THREADS: "1",
      NO_COLOR: "1",
      ...settings,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const keep = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) output += text;
  };
  const finished = Promise.all([process.status, keep(process.stdout), keep(process.stderr)]);
  let ended = false;
  process.status.then(() => ended = true);

  const close = async () => {
    if (!ended) process.kill("SIGTERM");
    await finished;
    await Deno.remove(modelsDir, { recursive: true });
  };
  try {
    await eventually(() => assert(ended || output.includes("MNIST Lab is running"), output), START_MS);
    assert(!ended, `The lab did not start:\n${output}`);
  } catch (error) {
    await close();
    throw error;
  }

  const trainingUrl = `http://127.0.0.1:${trainingPort}`;
  return {
    trainingUrl,
    inferenceUrl: `http://127.0.0.1:${inferencePort}`,
    modelsDir,
    models: () => getJson(`${trainingUrl}/api/models`),
    runs: () => getJson(`${trainingUrl}/api/runs`),
    close,
  };
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  assert.equal(response.status, 200, `${url} answers ${response.status}`);
  return await response.json();
}
