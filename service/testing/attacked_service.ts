/** For tests: a service in a process of its own, clients that attack it, and one that uses it from another address. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { AskedWorker } from "../../lab/ask_worker.ts";
import { serviceArguments, type ServiceName } from "../process/launch.ts";
import { readSettings } from "../process/settings.ts";
import { freePort } from "./free_ports.ts";
import type { Answer, HonestAnswers, HonestQuestion, Look, Work } from "./honest_client.ts";
import { connectFrom } from "./raw_socket.ts";

/** Where the attacks come from. */
const ATTACKER = "127.0.0.1";

/** What has to hold while an attack is under way. */
const MAX_HEALTH_MS = 1000, MAX_PREDICT_MS = 2000, MAX_TRAIN_MS = 5000, MAX_MIB = 700, MAX_REST_MIB = 100;
/** How long the memory may take to come back. */
const REST_MS = 20_000;

/** The slowest answers that the honest client got, and the memory of the service's process. */
export interface AttackReport extends Look {
  /** Memory after the attack beyond that before it. */
  restMib: number;
}

/** A service under attack. */
export interface AttackedService {
  /** A connection, by default from the attacker's address; its errors are ignored. */
  open(address?: string): Promise<Socket>;
  /** The answer to a request of the honest client. */
  ask(method: string, path: string, body?: string | Uint8Array): Promise<Answer>;
  /**
   * Runs an attack, and meanwhile looks at memory, `/healthz` and what an honest client gets. Asserts what must hold.
   */
  under(name: string, attack: () => Promise<void>): Promise<AttackReport>;
}

/** How to start it, and what the honest client does. */
export interface AttackedOptions extends Work {
  modelsDir: string;
  dataDir: string;
  /** Limit of open files. */
  descriptors?: number;
}

/** Runs a service for the time of `body`. */
export async function withAttacked(
  service: ServiceName,
  options: AttackedOptions,
  body: (attacked: AttackedService) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const env: Record<string, string> = {
    TRAINING_PORT: String(service === "training" ? port : port + 1),
    INFERENCE_PORT: String(service === "training" ? port + 1 : port),
    MODELS_DIR: options.modelsDir,
    DATA_DIR: options.dataDir,
    DEVICE: "wasm",
    THREADS: "2",
    LOG_LEVEL: "error",
  };
  const command = [Deno.execPath(), ...serviceArguments(service, readSettings((name) => env[name]))];
  const limit = options.descriptors === undefined ? "" : `ulimit -n ${options.descriptors}; `;
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", `${limit}exec "$0" "$@"`, ...command],
    env,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const sockets = new Set<Socket>();
  const honest = new HonestClient(port, process.pid);
  try {
    await honest.untilReady();
    await body({
      async open(address = ATTACKER) {
        const socket = await connectFrom(address, port);
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        return socket;
      },
      ask: (method, path, body) => honest.ask(method, path, body),
      under: (name, attack) => watch(honest, options, name, attack),
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    honest.close();
    process.kill("SIGKILL");
    await process.status;
  }
}

/** The honest client in its worker. */
class HonestClient {
  readonly #worker = new AskedWorker<HonestQuestion, HonestAnswers[keyof HonestAnswers]>(
    new URL("./honest_client.ts", import.meta.url),
    "honest client",
  );
  readonly #service: { port: number; pid: number };

  constructor(port: number, pid: number) {
    this.#service = { port, pid };
  }

  async untilReady(): Promise<void> {
    for (const began = performance.now(); performance.now() - began < 30_000;) {
      if (await this.ask("GET", "/healthz").then(() => true, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the service does not start");
  }

  ask(method: string, path: string, body?: string | Uint8Array): Promise<Answer> {
    return this.#worker.ask({ ...this.#service, kind: "ask", method, path, body }) as Promise<Answer>;
  }

  use(): Promise<unknown> {
    return this.#worker.ask({ ...this.#service, kind: "use" });
  }

  look({ prediction, training }: Work): Promise<Look> {
    return this.#worker.ask({ ...this.#service, kind: "look", work: { prediction, training } }) as Promise<Look>;
  }

  rest(mib: number, ms: number): Promise<number> {
    return this.#worker.ask({ ...this.#service, kind: "rest", mib, ms }) as Promise<number>;
  }

  close() {
    this.#worker.close();
  }
}

async function watch(
  honest: HonestClient,
  work: Work,
  name: string,
  attack: () => Promise<void>,
): Promise<AttackReport> {
  const report: AttackReport = { healthMs: 0, workMs: 0, mostMib: 0, restMib: 0 };
  const look = async () => {
    const seen = await honest.look(work);
    report.healthMs = Math.max(report.healthMs, seen.healthMs);
    report.workMs = Math.max(report.workMs, seen.workMs);
    report.mostMib = Math.max(report.mostMib, seen.mostMib);
  };
  // The most while it is in ordinary use: a training run takes memory for a while, and V8's heap grows with use.
  await honest.use();
  for (let i = 0; i < 6; i++) await look();
  const before = report.mostMib;
  let isOver = false;
  Object.assign(report, { healthMs: 0, workMs: 0 });
  const looking = (async () => {
    do await look(); while (!isOver);
  })();
  await Promise.all([attack().finally(() => isOver = true), looking]);
  report.restMib = await honest.rest(before + MAX_REST_MIB, REST_MS) - before;
  const told = Object.entries(report).map(([figure, value]) => `${figure} ${Math.round(value)}`).join(", ");
  console.error(`${name}: ${told}, before ${Math.round(before)}`);
  assert.ok(report.mostMib < MAX_MIB, `${name}: ${told}`);
  assert.ok(report.restMib < MAX_REST_MIB, `${name}: ${told}`);
  assert.ok(report.healthMs < MAX_HEALTH_MS, `${name}: ${told}`);
  assert.ok(report.workMs < (work.training === undefined ? MAX_PREDICT_MS : MAX_TRAIN_MS), `${name}: ${told}`);
  return report;
}

/** Sends the same bytes again and again, until it was `times` or the service has hung up; says how often. */
export async function repeat(socket: Socket, bytes: Uint8Array | string, times: number): Promise<number> {
  for (let sent = 0; sent < times; sent++) {
    if (socket.destroyed || socket.readableEnded || !socket.writable) return sent;
    if (!socket.write(bytes)) {
      await new Promise<void>((resolve) => {
        const go = () => {
          socket.off("drain", go).off("close", go);
          resolve();
        };
        socket.on("drain", go).on("close", go);
      });
    }
  }
  return times;
}
