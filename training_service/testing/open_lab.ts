/** The training service in this process, with real files and workers: as a whole, or as an app without sockets. */
import type { Hono } from "hono";
import { join } from "node:path";
import { ModelAnalyst } from "../../lab/analysis/model_analyst.ts";
import { ModelImporter } from "../../lab/imports/model_importer.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { Registry } from "../../lab/models/mod.ts";
import { RunArchive } from "../../lab/runs/run_archive.ts";
import { RunSnapshots } from "../../lab/runs/run_snapshots.ts";
import { Runs } from "../../lab/runs/runs.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { HttpServer } from "../../service/http/server/http_server.ts";
import { SocketGroup } from "../../service/http/websocket.ts";
import { log } from "../../service/process/log.ts";
import { readSettings } from "../../service/process/settings.ts";
import { createTrainingApp } from "../app.ts";
import { ANALYSIS_WORKER, IMPORT_WORKER, openTrainingService } from "../service.ts";
import { FakeEngine, TRAIN_IMAGES } from "./fakes.ts";
import { TestClient } from "./lab.ts";
import { foldersOf, withDigits } from "./process.ts";

export interface OpenLab {
  /** Such as `127.0.0.1:41234`. */
  host: string;
  /** Connects a client to `/ws/train` that sends a configuration, or a request to resume. */
  train(request: object): Promise<TestClient>;
  /** The status and the JSON of an answer. */
  // deno-lint-ignore no-explicit-any
  get(path: string): Promise<{ status: number; body: any }>;
}

/** Runs `body` with a lab on the folders of `dir`. */
export async function withOpenLab(
  dir: string,
  body: (lab: OpenLab) => Promise<void>,
  workerScript?: URL,
): Promise<void> {
  const { modelsDir, dataDir } = foldersOf(dir);
  const env: Record<string, string> = { MODELS_DIR: modelsDir, DATA_DIR: dataDir, DEVICE: "wasm", THREADS: "1" };
  const service = await openTrainingService(readSettings((name) => env[name]), { workerScript });
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, service.fetch);
  const host = `127.0.0.1:${server.addr.port}`;
  const clients: TestClient[] = [];
  const train = async (request: object) => {
    const client = new TestClient(new WebSocket(`ws://${host}/ws/train`));
    clients.push(client);
    await inTime(new Promise((resolve) => client.socket.onopen = resolve), "an open socket");
    client.send(request);
    return client;
  };
  const get = async (path: string) => {
    const response = await fetch(`http://${host}${path}`);
    return { status: response.status, body: await response.json() };
  };
  try {
    await body({ host, train, get });
  } finally {
    await service.close();
    await Promise.all(clients.map((client) => inTime(client.closed, "a client's close")));
    await server.shutdown();
  }
}

export interface ImportLab {
  app: Hono;
  registry: Registry;
  importer: ModelImporter;
  modelsDir: string;
  /** `POST /api/models` with `query` such as `?overwrite=true`. */
  post(body: BodyInit, query?: string, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: ModelRecord & { error?: any; field?: string; existing?: any };
}

/** Runs `body` with a fresh lab and removes it afterwards. */
export function withImportLab(body: (lab: ImportLab) => Promise<void>): Promise<void> {
  return withDigits(async (dir) => {
    const { modelsDir, dataDir } = foldersOf(dir);
    const registry = await openRegistry(modelsDir, { write: true });
    const importer = new ModelImporter({ store: registry, script: IMPORT_WORKER, dataDir });
    const analyst = new ModelAnalyst({ store: registry, script: ANALYSIS_WORKER, dataDir });
    const snapshots = await RunSnapshots.open(new DiskFolder(modelsDir));
    const app = createTrainingApp({
      settings: readSettings(() => undefined),
      registry,
      importer,
      analyst,
      runs: new Runs({
        store: registry,
        snapshots,
        engine: new FakeEngine(),
        log,
        trainImages: TRAIN_IMAGES,
        device: "wasm",
        threads: 1,
      }),
      archive: new RunArchive({ store: registry, snapshots }),
      sockets: new SocketGroup(),
    });
    const post = async (body: BodyInit, query = "", headers: Record<string, string> = {}) => {
      const response = await app.request(`http://localhost:8000/api/models${query}`, { method: "POST", body, headers });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    await body({ app, registry, importer, modelsDir, post });
    importer.close();
    analyst.close();
  });
}

/** A form, as a drop zone sends it. */
export function formOf(bytes: Uint8Array<ArrayBuffer>, name: string, fields: Record<string, string> = {}): FormData {
  const form = new FormData();
  form.append("file", new File([bytes], name));
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  return form;
}

/** A model of the Python lab's fixture folder, as bytes. */
export function pythonModel(id: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(
    join(import.meta.dirname!, "..", "..", "lab", "models", "fixtures", "python_lab", `${id}.pth`),
  );
}
