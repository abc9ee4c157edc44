/** One of the services in a process of its own, clients that attack it, and one that does not, at another address. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { permissionFlags, type ServiceName } from "../process/launch.ts";
import { PROJECT_DIR, readSettings } from "../process/settings.ts";
import { freePort } from "./free_ports.ts";

/** Where the attacks come from, and where the honest client is. */
export const ATTACKER = "127.0.0.1", HONEST = "127.0.0.2";

const MIB = 2 ** 20;
/** What has to hold while an attack is under way. */
const MAX_HEALTH_MS = 1000, MAX_PREDICT_MS = 2000, MAX_TRAIN_MS = 5000, MAX_RSS = 700 * MIB, MAX_REST = 100 * MIB;
/** How long the memory may take to come back. */
const REST_MS = 20_000;

/** What the honest client and the service's process went through. */
export interface AttackReport {
  healthMs: number;
  /** The slowest prediction, or start of a training. */
  workMs: number;
  mostMib: number;
  restMib: number;
}

/** A service under attack. */
export interface AttackedService {
  port: number;
  /** A connection from an address; errors are ignored, as attackers do. */
  open(address?: string): Promise<Socket>;
  /** The answer to a request of the honest client: status and body. */
  // deno-lint-ignore no-explicit-any
  ask(method: string, path: string, body?: string | Uint8Array): Promise<{ status: number; body: any }>;
  /**
   * Runs an attack, and meanwhile looks at memory, `/healthz` and what an honest client gets. Asserts what must hold.
   */
  under(name: string, attack: () => Promise<void>): Promise<AttackReport>;
}

/** How to start it. */
export interface AttackedOptions {
  modelsDir: string;
  dataDir: string;
  env?: Record<string, string>;
  /** Limit of open files. */
  descriptors?: number;
  /** What the honest client sends to `/predict`. */
  prediction?: string;
  /** What it sends to `/ws/train`. */
  training?: object;
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
    ...options.env,
  };
  const flags = permissionFlags(service, readSettings((name) => env[name]));
  const command = [Deno.execPath(), "run", ...flags, join(PROJECT_DIR, `${service}_service`, "main.ts")];
  const limit = options.descriptors === undefined ? "" : `ulimit -n ${options.descriptors}; `;
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", `${limit}exec "$0" "$@"`, ...command],
    env,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const sockets = new Set<Socket>();
  const open = (address = ATTACKER) =>
    new Promise<Socket>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port, localAddress: address }, () => resolve(socket));
      sockets.add(socket);
      socket.on("error", () => resolve(socket));
      socket.on("close", () => sockets.delete(socket));
    });
  const honest = new HonestClient(open);
  const attacked: AttackedService = {
    port,
    open,
    ask: (method, path, body) => honest.ask(method, path, body),
    under: (name, attack) => watch(process.pid, honest, options, name, attack),
  };
  try {
    await honest.untilReady();
    await body(attacked);
  } finally {
    for (const socket of sockets) socket.destroy();
    process.kill("SIGKILL");
    await process.status;
  }
}

/** Asks over a new connection each time, as most programs do. */
class HonestClient {
  readonly #open: (address: string) => Promise<Socket>;

  constructor(open: (address: string) => Promise<Socket>) {
    this.#open = open;
  }

  async untilReady() {
    for (const began = performance.now(); performance.now() - began < 30_000;) {
      if ((await this.ask("GET", "/healthz").catch(() => ({ status: 0 }))).status !== 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the service does not start");
  }

  async ask(method: string, path: string, body: string | Uint8Array = "") {
    const socket = await this.#open(HONEST);
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    );
    socket.write(bytes);
    let text = "";
    for await (const chunk of socket) text += chunk.toString();
    const status = Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0);
    if (status === 0) throw new Error("no answer");
    const json = text.slice(text.indexOf("\r\n\r\n") + 4);
    return { status, body: json.startsWith("{") || json.startsWith("[") ? JSON.parse(json) : json };
  }

  /** What a class of pages asks for: many small requests. */
  async use() {
    const sockets = await Promise.all(Array.from({ length: 16 }, () => this.#open(HONEST)));
    await Promise.all(sockets.map(async (socket) => {
      socket.write("GET /api/models/none HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300));
      socket.write("GET /api/models/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      socket.resume();
      await new Promise((resolve) => socket.on("close", resolve));
    }));
  }

  /** Starts a training and aborts it again. */
  async train(config: object) {
    const socket = await this.#open(HONEST);
    socket.write(upgradeRequest("/ws/train"));
    socket.write(frame(1, JSON.stringify(config)));
    let text = "", began = 0;
    const start = performance.now();
    for await (const chunk of socket) {
      text += chunk.toString("latin1");
      if (began === 0 && text.includes('"type":"accepted"')) {
        began = performance.now();
        socket.write(frame(1, '{"type":"abort"}'));
      }
      if (text.includes('"type":"aborted"')) break;
    }
    assert.match(text, /"type":"accepted".*"type":"aborted"/s);
    socket.destroy();
    return began - start;
  }
}

async function watch(
  pid: number,
  honest: HonestClient,
  { prediction, training }: AttackedOptions,
  name: string,
  attack: () => Promise<void>,
): Promise<AttackReport> {
  const work = async () => {
    if (prediction !== undefined) assert.equal((await honest.ask("POST", "/predict", prediction)).status, 200);
    else if (training !== undefined) await honest.train(training);
  };
  // The most while it is in ordinary use: a training takes memory for a while, and V8's young generation grows with
  // use.
  let before = 0;
  await honest.use();
  for (let i = 0; i < 6; i++) {
    await work();
    before = Math.max(before, rssOf(pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
    before = Math.max(before, rssOf(pid));
  }
  const report: AttackReport = { healthMs: 0, workMs: 0, mostMib: 0, restMib: 0 };
  let isOver = false;
  const timed = async (ask: () => Promise<unknown>) => {
    const began = performance.now();
    await ask();
    return performance.now() - began;
  };
  const looking = (async () => {
    do {
      report.healthMs = Math.max(report.healthMs, await timed(() => honest.ask("GET", "/healthz")));
      report.mostMib = Math.max(report.mostMib, rssOf(pid) / MIB);
      report.workMs = Math.max(report.workMs, await timed(work));
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (!isOver);
  })();
  await Promise.all([attack().finally(() => isOver = true), looking]);
  const deadline = performance.now() + REST_MS;
  while (rssOf(pid) > before + MAX_REST && performance.now() < deadline) {
    await honest.ask("GET", "/healthz");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  report.restMib = (rssOf(pid) - before) / MIB;
  const told = Object.entries(report).map(([figure, value]) => `${figure} ${Math.round(value)}`).join(", ");
  console.error(`${name}: ${told}, before ${Math.round(before / MIB)}`);
  assert.ok(report.mostMib * MIB < MAX_RSS, `${name}: ${told}`);
  assert.ok(report.restMib * MIB < MAX_REST, `${name}: ${told}`);
  assert.ok(report.healthMs < MAX_HEALTH_MS, `${name}: ${told}`);
  assert.ok(report.workMs < (prediction === undefined ? MAX_TRAIN_MS : MAX_PREDICT_MS), `${name}: ${told}`);
  return report;
}

function rssOf(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}

/** The request that opens a WebSocket. */
export function upgradeRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${btoa("sixteen bytes ok")}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
}

/** A frame of a client, masked by zeros; one of several fragments if it is not the last. */
export function frame(opcode: number, text: string, isLast = true): Uint8Array {
  const payload = new TextEncoder().encode(text), { length } = payload;
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Uint8Array.of(isLast ? 0x80 | opcode : opcode, ...head, 0, 0, 0, 0, ...payload);
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
