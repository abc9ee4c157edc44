/** Stops and resumes runs in the real service, with its sockets, its files, its end and its restart. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DEFAULT_CONFIG, type HistoryMessage, type ModelRecord, type RunSummary } from "../protocol/mod.ts";
import { eventually, foldersOf, type Service, withDigits, withService } from "./testing/process.ts";
import type { TestClient } from "./testing/lab.ts";
import { openRegistry } from "../service/files/open_registry.ts";

const TRAINING_MS = 60_000;

const CONFIG = {
  ...DEFAULT_CONFIG,
  learning_rate: 0.002,
  num_epochs: 3,
  hidden_layers_config: [48, 24],
  use_dropout: true,
  dropout_p: 0.2,
  seed: 11,
};

async function getJson<T>({ host }: Service, path: string): Promise<T> {
  return await (await fetch(`http://${host}${path}`)).json();
}

function filesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== ".lock");
  } catch {
    return [];
  }
}

async function bitsOf(modelsDir: string, id: string): Promise<Uint8Array[]> {
  const registry = await openRegistry(modelsDir);
  const tensors = await registry.readWeights((await registry.get(id))!);
  return tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

const result = (client: TestClient) => client.next("result", () => true, TRAINING_MS);

/** Aborts after `step` and returns the id to resume. On a busy machine the id is known shortly after `aborted`. */
async function abortAfter(service: Service, client: TestClient, step: number): Promise<string> {
  await client.next("loss", (loss) => loss.step >= step, TRAINING_MS);
  const asked = performance.now();
  client.send({ type: "abort" });
  const { resume } = await client.next("aborted");
  const took = performance.now() - asked;
  assert(took < 1000, `the abort took ${took} ms`);
  assert.equal(await client.end(), 1000);
  if (resume !== undefined) return resume;
  const { run_id } = client.of("accepted")[0];
  return await eventually(async () => (await getJson<HistoryMessage>(service, `/api/runs/${run_id}`)).run.resume);
}

Deno.test("a run aborted, ended by a signal and resumed each time has the bits, losses and history of one that never stopped", async () => {
  await withDigits(async (dir) => {
    const { modelsDir } = foldersOf(dir);
    const snapshots = join(modelsDir, "checkpoints");
    let expectedBits: Uint8Array[] = [];
    let expected: HistoryMessage;
    let last = "";
    await withService(dir, async (service) => {
      const whole = await service.train(CONFIG);
      const { model_id, run_id } = await result(whole);
      expectedBits = await bitsOf(modelsDir, model_id);
      expected = await getJson(service, `/api/runs/${run_id}`);
      assert.deepEqual(filesIn(snapshots), []);
      assert.deepEqual(filesIn(join(modelsDir, "history")), [`${model_id}.json`]);
      await (await fetch(`http://${service.host}/api/models/${model_id}`, { method: "DELETE" })).body?.cancel();
      assert.deepEqual(filesIn(join(modelsDir, "history")), [], "the history goes with its model");

      const first = await abortAfter(service, await service.train(CONFIG), 300);
      assert.deepEqual(filesIn(snapshots), [`${first}.safetensors`]);
      assert.deepEqual(await (await openRegistry(modelsDir)).list(), [], "nothing is registered");
      const second = await service.train({ resume: first });
      const { run_id: secondId } = await second.next("accepted");
      assert.notEqual(secondId, first);
      assert.equal(await abortAfter(service, second, 1000), secondId);
      assert.deepEqual(filesIn(snapshots), [`${secondId}.safetensors`], "it replaces the previous one");

      const third = await service.train({ resume: secondId });
      last = (await third.next("accepted")).run_id;
      const started = third.messages.length;
      await third.next("loss", ({ step }) => step >= 1500, TRAINING_MS);
      assert(third.messages.slice(started).every((message) => message.type !== "loss" || message.step > 1000));
      const asked = performance.now();
      service.process.kill("SIGTERM");
      await third.next("aborted");
      assert.equal((await service.process.status).code, 0);
      assert(performance.now() - asked < 2000);
    });
    await withService(dir, async (service) => {
      const [stopped, ...others] = await getJson<RunSummary[]>(service, "/api/runs");
      assert.deepEqual([stopped.id, stopped.state, stopped.resume, others.length], [last, "aborted", last, 0]);
      assert(stopped.step >= 1500 && stopped.step < 2814, `stopped at ${stopped.step}`);
      const onlooker = await service.connect(`/ws/runs/${last}`);
      assert.equal((await onlooker.next("history")).end?.type, "aborted");
      assert.equal(await onlooker.end(), 1000);

      const client = await service.train({ resume: last });
      const { model_id, run_id, training_time } = await result(client);
      assert.deepEqual(await bitsOf(modelsDir, model_id), expectedBits);
      const history = await getJson<HistoryMessage>(service, `/api/runs/${run_id}`);
      assert.deepEqual(history.losses, expected.losses);
      const epochs = ({ logs }: HistoryMessage) =>
        logs.filter(({ epoch }) => epoch).map(({ epoch, accuracy, mean_loss }) => [epoch, accuracy, mean_loss]);
      assert.deepEqual(epochs(history), epochs(expected));
      assert(training_time > 0.3);
      assert.deepEqual(filesIn(snapshots), [], "nobody needs to resume it");
      last = run_id;
    });
    await withService(dir, async (service) => {
      const [run, ...others] = await getJson<RunSummary[]>(service, "/api/runs");
      assert.deepEqual([run.id, run.state, run.device, others.length], [last, "done", "wasm", 0]);
      const history = await getJson<HistoryMessage>(service, `/api/runs/${last}`);
      assert.deepEqual(history.losses, expected.losses);
      const csv = await (await fetch(`http://${service.host}/api/runs/${last}/history.csv`)).text();
      const rows = csv.trimEnd().split("\r\n").map((row) => row.split(","));
      assert.deepEqual(rows[0], ["step", "epoch", "loss", "mean_loss", "test_accuracy", "seconds"]);
      assert.deepEqual(
        rows.slice(1).filter((row) => row[2] !== "").map((row) => [Number(row[0]), Number(row[2])]),
        history.losses,
      );
      assert.equal(rows.filter((row) => row[4] !== "").length, 1 + CONFIG.num_epochs);
      const svg = await fetch(`http://${service.host}/api/runs/${last}/curve.png`);
      assert.ok(svg.url.endsWith("/curve.svg"), "the old address redirects to the new one");
      assert.equal(svg.headers.get("content-type"), "image/svg+xml");
      assert.match(await svg.text(), /^<svg .*<\/svg>\n$/s);
    });
  });
});

Deno.test("a finished model is trained further as a new one", async () => {
  await withDigits(async (dir) => {
    const { modelsDir } = foldersOf(dir);
    await withService(dir, async (service) => {
      const config = { ...CONFIG, num_epochs: 1, use_dropout: false };
      const first = await result(await service.train(config));
      const client = await service.train({ ...config, start_from: first.model_id });
      const second = await result(client);
      assert.deepEqual(client.of("exists"), [], "a new model is intended");
      assert(client.of("loss")[0].loss! < 1, "it knows the digits already");
      const records = await (await openRegistry(modelsDir)).list();
      assert.deepEqual(records.map(({ id, started_from }) => [id, started_from]), [
        [second.model_id, first.model_id],
        [first.model_id, undefined],
      ]);
    });
  });
});

Deno.test("a model trained further counts all its epochs, even if the service ended and the first model was removed meanwhile", async () => {
  await withDigits(async (dir) => {
    const config = { ...CONFIG, use_dropout: false };
    let start_from = "", resume = "";
    await withService(dir, async (service) => {
      start_from = (await result(await service.train({ ...config, num_epochs: 1 }))).model_id;
      const client = await service.train({ ...config, start_from });
      resume = (await client.next("accepted")).run_id;
      await client.next("loss", ({ step }) => step >= 300, TRAINING_MS);
      service.process.kill("SIGTERM");
      await service.process.status;
    });
    await withService(dir, async (service) => {
      const [run] = await getJson<RunSummary[]>(service, "/api/runs");
      assert.deepEqual([run.resume, run.epochs_before], [resume, 1]);
      await (await fetch(`http://${service.host}/api/models/${start_from}`, { method: "DELETE" })).body?.cancel();
      const { model_id } = await result(await service.train({ resume }));
      const record = await getJson<ModelRecord>(service, `/api/models/${model_id}`);
      assert.deepEqual([record.num_epochs, record.started_from], [1 + CONFIG.num_epochs, start_from]);
    });
  });
});
