/** Runs the real services as processes, with the permissions they have in production. */
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../service/testing/free_ports.ts";
import { readSettings } from "../../service/process/settings.ts";
import { localUrl } from "../../service/process/addresses.ts";
import { serviceArguments, type ServiceName } from "../../service/process/launch.ts";

const START_MS = 30_000;
const POLL_MS = 2;

/** A service that runs as a process. */
export interface ServiceProcess {
  pid: number;
  /** Such as `http://127.0.0.1:41234`. */
  url: string;
  /** Time from the start of the process to the last byte of its page. */
  startMs: number;
}

/**
 * Runs a service on a free port with the models of `modelsDir` while `body` runs. `body` starts once the page is
 * served.
 *
 * @param more variables of the service's environment
 */
export async function withService<T>(
  name: ServiceName,
  modelsDir: string,
  body: (service: ServiceProcess) => Promise<T>,
  more: Record<string, string> = {},
): Promise<T> {
  const port = freePort();
  const variable = name === "training" ? "TRAINING_PORT" : "INFERENCE_PORT";
  const env: Record<string, string> = { [variable]: String(port), MODELS_DIR: modelsDir, DEVICE: "wasm", ...more };
  const settings = readSettings((key) => env[key] ?? Deno.env.get(key));
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: serviceArguments(name, settings),
    env,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const ended = child.status.then(({ code }) => {
    throw new Error(`the ${name} service ended with exit code ${code}`);
  });
  ended.catch(() => {}); // Reported only while something waits for the service.
  try {
    const url = localUrl(settings, port);
    await Promise.race([serves(`${url}/`), ended]);
    return await Promise.race([body({ pid: child.pid, url, startMs: performance.now() - start }), ended]);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has already ended.
    }
    await child.status;
  }
}

/** Resident memory of a process in bytes, on Linux (proc_pid_status(5)). */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
}

/** Waits until `url` answers with its whole body; rejects after 30 s. */
export async function serves(url: string): Promise<void> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline; await delay(POLL_MS)) {
    try {
      const response = await fetch(url);
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
  }
  throw new Error(`nothing answers at ${url} after ${START_MS / 1000} s`);
}

/** Runs `body` with a temporary folder and removes it afterwards. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "mnist_lab_bench_" });
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
