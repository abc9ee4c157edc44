/**
 * A lab on a free port whose training runs the test controls, and clients that wait for messages instead of sleeping.
 */
import { HttpServer } from "../../service/http/server/http_server.ts";
import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { ServerMessage, TrainConfig } from "../../protocol/mod.ts";
import { readSettings, type Settings } from "../../service/process/settings.ts";
import { SocketGroup } from "../../service/http/websocket.ts";
import { ModelAnalyst } from "../../lab/analysis/model_analyst.ts";
import { log } from "../../service/process/log.ts";
import { createTrainingApp } from "../app.ts";
import { ANALYSIS_WORKER, IMPORT_WORKER } from "../service.ts";
import { ModelImporter } from "../../lab/imports/model_importer.ts";
import { RunArchive } from "../../lab/runs/run_archive.ts";
import { Runs, type RunsOptions } from "../../lab/runs/runs.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { RunSnapshots } from "../../lab/runs/run_snapshots.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";
import { CONFIG, FakeEngine, FakeStore, TRAIN_IMAGES } from "./fakes.ts";

const DEADLINE_MS = 5000;
const HOME = "127.0.0.1";

type MessageOf<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** A client that keeps every message and returns them in order. */
export class TestClient {
  readonly messages: ServerMessage[] = [];
  /** The code and reason of the close. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;
  #wake = () => {};
  #over = false;

  constructor(readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      this.messages.push(JSON.parse(data));
      this.#wake();
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.#over = true;
        this.#wake();
        resolve({ code, reason });
      };
    });
  }

  send(message: unknown) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Waits for the next message of `type` that meets `condition` and skips others. */
  next<T extends ServerMessage["type"]>(
    type: T,
    condition: (message: MessageOf<T>) => boolean = () => true,
    ms = DEADLINE_MS,
  ): Promise<MessageOf<T>> {
    return inTime(this.#next(type, condition), `a message of type ${type}`, ms);
  }

  async #next<T extends ServerMessage["type"]>(type: T, condition: (message: MessageOf<T>) => boolean) {
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read++];
        if (message.type === type && condition(message as MessageOf<T>)) return message as MessageOf<T>;
      }
      assert(!this.#over, `the socket closed before a message of type ${type} came`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The close code, once the server has closed. */
  async end(): Promise<number> {
    return (await inTime(this.closed, "the close")).code;
  }

  of<T extends ServerMessage["type"]>(type: T): MessageOf<T>[] {
    return this.messages.filter((message) => message.type === type) as MessageOf<T>[];
  }
}

/** A running lab and the parts that a test may use. */
export interface TestLab {
  /** Such as `127.0.0.1:41234`. */
  host: string;
  engine: FakeEngine;
  store: FakeStore;
  snapshots: RunSnapshots;
  runs: Runs;
  app: Hono;
  /** Connects a client, from 127.0.0.1 or another of this machine's addresses. */
  connect(path: string, from?: string): Promise<TestClient>;
  /** Connects a client to `/ws/train` that sends a configuration. */
  train(config?: Partial<TrainConfig>, from?: string): Promise<TestClient>;
  getJson(path: string, from?: string): Promise<{ status: number; body: unknown }>;
}

/** Opens a socket from `address`, one of this machine's. */
export function socketFrom(address: string, url: string): WebSocket {
  using client = Deno.createHttpClient({ localAddress: address });
  // The types are those of a page, where a socket has no client.
  return Reflect.construct(WebSocket, [url, { client }]);
}

/** Like `fetch`, but from `address`, one of this machine's. */
export async function fetchFrom(address: string, url: string, init: RequestInit = {}): Promise<Response> {
  using client = Deno.createHttpClient({ localAddress: address });
  const options = { ...init, client };
  const response = await fetch(url, options);
  return new Response([204, 304].includes(response.status) ? null : await response.bytes(), response);
}

/** Runs `body` with a lab, then ends the sockets and runs it left behind. */
export async function withLab(
  body: (lab: TestLab) => Promise<void>,
  options: Partial<RunsOptions> & {
    prepare?: (store: FakeStore) => void;
    settings?: Partial<Settings>;
    sockets?: SocketGroup;
  } = {},
) {
  const { prepare, settings: changes, sockets = new SocketGroup(), ...runsOptions } = options;
  const engine = new FakeEngine();
  const store = new FakeStore();
  prepare?.(store);
  const modelsDir = await Deno.makeTempDir({ prefix: "training_" });
  const snapshots = await RunSnapshots.open(new DiskFolder(modelsDir));
  const runs = new Runs({
    store,
    snapshots,
    engine,
    log,
    trainImages: TRAIN_IMAGES,
    device: "auto",
    threads: 1,
    ...runsOptions,
  });
  const archive = new RunArchive({ store, snapshots });
  const settings = { ...readSettings(() => undefined), ...changes };
  const importer = new ModelImporter({ store, script: IMPORT_WORKER, dataDir: settings.dataDir });
  const analyst = new ModelAnalyst({ store, script: ANALYSIS_WORKER, dataDir: settings.dataDir });
  const app = createTrainingApp({
    settings,
    registry: store,
    importer,
    analyst,
    runs,
    archive,
    sockets,
    health: { figures: () => ({ unfinished_runs: runs.unfinished }) },
  });
  const server = new HttpServer(
    { hostname: settings.host, port: 0, trustedProxies: settings.trustedProxies },
    (request, info) => app.fetch(request, info),
  );
  const host = `${settings.host}:${server.addr.port}`;
  const clients: TestClient[] = [];

  const connect = async (path: string, from = HOME) => {
    const socket = socketFrom(from, `ws://${host}${path}`);
    const client = new TestClient(socket);
    clients.push(client);
    await inTime(
      new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      }),
      `a socket at ${path}`,
    );
    return client;
  };
  const train = async (config: Partial<TrainConfig> = {}, from = HOME) => {
    const client = await connect("/ws/train", from);
    client.send({ ...CONFIG, ...config });
    return client;
  };
  const getJson = async (path: string, from = HOME) => {
    const response = await fetchFrom(from, `http://${host}${path}`);
    return { status: response.status, body: await response.json() };
  };

  try {
    await body({ host, engine, store, snapshots, runs, app, connect, train, getJson });
  } finally {
    await runs.close();
    sockets.closeAll(1001, "the test is over");
    await Promise.all(clients.map((client) => inTime(client.closed, "a client's close")));
    await server.shutdown();
    await Deno.remove(modelsDir, { recursive: true });
  }
}
