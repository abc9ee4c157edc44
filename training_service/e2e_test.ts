/** Tests the training service as users run it: a process with its real permissions, real digits and real training. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type TrainConfig } from "../protocol/mod.ts";
import { Registry } from "../lab/models/mod.ts";
import { freePort } from "../service/testing/free_ports.ts";
import { foldersOf, type Service, spawnService, withDigits, withFolder, withService } from "./testing/process.ts";
import type { TestClient } from "./testing/lab.ts";
import { openRegistry } from "../service/files/open_registry.ts";

const TRAINING_MS = 60_000;

const CONFIG: TrainConfig = {
  ...DEFAULT_CONFIG,
  num_epochs: 1,
  batch_size: 64,
  hidden_layers_config: [16],
  seed: 7,
};
const STEPS = Math.ceil(60_000 / 64);
/** Long enough to be aborted while it runs. */
const LONG = { ...CONFIG, num_epochs: 200, hidden_layers_config: [512] };

/** Runs `body` with the service as users start it, on the original digits and an empty models folder. */
function withLab(body: (lab: Service & { modelsDir: string }) => Promise<void>): Promise<void> {
  return withDigits((dir) =>
    withService(dir, (service) => body({ ...service, modelsDir: foldersOf(dir).modelsDir }), {})
  );
}

function result(client: TestClient) {
  return client.next("result", () => true, TRAINING_MS);
}

async function bits(registry: Registry, id: string): Promise<Uint8Array[]> {
  const tensors = await registry.readWeights((await registry.get(id))!);
  return tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

Deno.test("one epoch learns the digits, its model is stored, and the same seed gives the same bits", async () => {
  await withLab(async ({ modelsDir, train }) => {
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
    const losses = client.of("loss").map(({ loss }) => loss ?? NaN);
    assert(losses.at(-1)! < losses[0] / 2, "the loss has halved at least");
    assert.equal(client.of("log").filter(({ epoch }) => epoch === 1).length, 1);

    const registry = await openRegistry(modelsDir);
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

Deno.test("a training run in progress aborts at once, the queue moves on, and a lost client changes nothing", async () => {
  await withLab(async ({ modelsDir, connect, train }) => {
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
    const registry = await openRegistry(modelsDir);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [model_id]);

    const over = await connect(`/ws/runs/${longId}`);
    assert.equal((await over.next("history")).end?.type, "aborted");
  });
});

Deno.test("a signal during a training run ends the service within two seconds and stores nothing", async () => {
  await withLab(async ({ process, modelsDir, train }) => {
    const client = await train(LONG);
    await client.next("loss");
    const asked = performance.now();
    process.kill("SIGTERM");
    await client.next("aborted");
    assert.equal((await process.status).code, 0);
    assert(performance.now() - asked < 2000);
    assert.deepEqual(await (await openRegistry(modelsDir)).list(), []);
  });
});

Deno.test("without the dataset the service does not start and says in one line what to do", async () => {
  await withFolder(async (dir) => {
    const { code, stderr } = await spawnService(freePort(), dir).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), /^.*train-images-idx3-ubyte.*\n$/);
  });
});
