/** Tests that only a finished successor replaces a stored model, even if the real service is killed meanwhile. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { DEFAULT_CONFIG, type ModelRecord } from "../../protocol/mod.ts";
import { foldersOf, type Service, withDigits, withService } from "../testing/process.ts";
import type { TestClient } from "../testing/lab.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const TRAINING_MS = 60_000;

/** A small model with enough steps to be killed while it trains. */
const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 10, batch_size: 512, hidden_layers_config: [8] };

/** The contents of a models folder. */
interface Folder {
  records: ModelRecord[];
  /** Every `.pth` by name. */
  pthFiles: Map<string, Uint8Array>;
}

/** Reads the metadata as plain JSON and loads every model in it. */
async function readModels(dir: string): Promise<Folder> {
  const { modelsDir } = foldersOf(dir);
  const pthFiles = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(modelsDir)) {
    if (name.endsWith(".pth")) pthFiles.set(name, await Deno.readFile(join(modelsDir, name)));
  }
  const records: ModelRecord[] = JSON.parse(await Deno.readTextFile(join(modelsDir, "models_metadata.json")));
  const registry = await openRegistry(modelsDir);
  for (const record of records) await registry.readWeights(record);
  return { records, pthFiles };
}

/** The models folder after the first training: files by name, the same for every test. */
let trained: Promise<Map<string, Uint8Array>> | undefined;

async function trainedFiles(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await withDigits(async (dir) => {
    await withService(dir, async ({ train }) => {
      const client = await train(CONFIG);
      await client.next("result", () => true, TRAINING_MS);
      assert.equal(await client.end(), 1000);
    });
    const { modelsDir } = foldersOf(dir);
    for (const entry of await readdir(modelsDir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.set(relative(modelsDir, path), await Deno.readFile(path));
    }
  });
  return files;
}

async function trainFirst(dir: string): Promise<Folder> {
  trained ??= trainedFiles();
  const { modelsDir } = foldersOf(dir);
  for (const [path, bytes] of await trained) {
    await Deno.mkdir(dirname(join(modelsDir, path)), { recursive: true });
    await Deno.writeFile(join(modelsDir, path), bytes);
  }
  const folder = await readModels(dir);
  assert.equal(folder.records.length, 1);
  return folder;
}

/** A client that was asked about the stored model and has answered. */
async function answerExists({ train }: Service, old: ModelRecord, overwrite: boolean): Promise<TestClient> {
  const client = await train(CONFIG);
  assert.deepEqual((await client.next("exists")).existing, old);
  client.send({ type: "overwrite", value: overwrite });
  return client;
}

async function listModels({ host }: Service): Promise<ModelRecord[]> {
  return await (await fetch(`http://${host}/api/models`)).json();
}

Deno.test("a service killed while it replaces a model keeps the old one, and can replace it after a restart", async () => {
  await withDigits(async (dir) => {
    const before = await trainFirst(dir);
    const [old] = before.records;
    for (const lastEpochHeard of [1, 5]) {
      await withService(dir, async (service) => {
        const client = await answerExists(service, old, true);
        await client.next("loss", ({ epoch, step }) => epoch >= lastEpochHeard && step >= 30, TRAINING_MS);
        await service.kill();
        assert.deepEqual(client.of("result"), [], "the kill came before the end of the training");
      });
      assert.deepEqual(await readModels(dir), before);
    }

    await withService(dir, async (service) => {
      assert.deepEqual(await listModels(service), [old]);
      const client = await answerExists(service, old, true);
      const { model_id } = await client.next("result", () => true, TRAINING_MS);
      assert.equal(await client.end(), 1000);
      assert.notEqual(model_id, old.id);
      const after = await readModels(dir);
      assert.deepEqual(after.records.map(({ id }) => id), [model_id]);
      assert.deepEqual([...after.pthFiles.keys()], [`${model_id}.pth`]);
      assert.deepEqual(await listModels(service), after.records);
    });
  });
});

Deno.test("a service killed when the new model is about to be stored leaves one model, either the old or the new one", async () => {
  await withDigits(async (dir) => {
    const before = await trainFirst(dir);
    const [old] = before.records;
    await withService(dir, async (service) => {
      const client = await answerExists(service, old, true);
      await client.next("log", ({ epoch }) => epoch === CONFIG.num_epochs, TRAINING_MS);
      await service.kill();
    });
    const { records: [left], ...after } = await readModels(dir);
    if (left.id === old.id) {
      assert.deepEqual(left, old);
      assert.deepEqual(after.pthFiles.get(old.filename), before.pthFiles.get(old.filename));
    }
    await withService(dir, async (service) => assert.deepEqual(await listModels(service), [left]));
  });
});

Deno.test("the answer not to overwrite trains nothing and leaves the models folder as it was", async () => {
  await withDigits(async (dir) => {
    const before = await trainFirst(dir);
    const [old] = before.records;
    await withService(dir, async (service) => {
      const client = await answerExists(service, old, false);
      assert.equal(await client.end(), 1000);
      assert.match(client.of("log").at(-1)!.message, new RegExp(`${old.id} is kept`));
      assert.deepEqual(client.of("loss"), []);
      assert.deepEqual(client.of("result"), []);
    });
    assert.deepEqual(await readModels(dir), before);
  });
});
