/** The training service in this process, with real files, sockets and training. */
import { readSettings } from "../../service/process/settings.ts";
import { HttpServer } from "../../service/http/server/http_server.ts";
import { foldersOf } from "./process.ts";
import { openTrainingService } from "../service.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { TestClient } from "./lab.ts";

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
