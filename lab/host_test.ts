import assert from "node:assert/strict";
import { FileError } from "./host.ts";
import { MemoryDisk } from "./memory_folder_testing.ts";
import { Registry, RegistryError } from "./models/mod.ts";
import { testModel, testWeights } from "./models/registry_testing.ts";
import { RunSnapshots } from "./runs/run_snapshots.ts";
import { runSnapshot } from "./runs/run_snapshots_testing.ts";

Deno.test("a registry needs only a folder: models are stored, replaced and removed in memory", async () => {
  const { models, files } = new MemoryDisk();
  const registry = await Registry.open(models, { write: true });
  const first = await registry.store(testModel, testWeights(1), { history: ({ id }) => ({ id }) });
  assert.deepEqual(await registry.readWeights(first), testWeights(1));
  assert.deepEqual(await registry.readHistory(first), { id: first.id });
  const second = await registry.store(testModel, testWeights(2), { replaces: first.id });
  assert.deepEqual(await (await Registry.open(models)).list(), [second]);
  assert.equal(await registry.remove(second.id), true);
  assert.deepEqual([...files.keys()].sort(), ["/models/models_metadata.json", "/models/models_metadata.json.bak"]);
});

Deno.test("snapshots need only a folder, and survive the process that wrote them", async () => {
  const { models } = new MemoryDisk();
  const tensors = [{ name: "w", shape: [2], data: Float32Array.of(1, 2) }];
  await (await RunSnapshots.open(models)).save(runSnapshot("run_1", Date.now()), tensors);
  const snapshots = await RunSnapshots.open(models);
  assert.deepEqual(snapshots.list().map(({ step }) => step), [7]);
  assert.deepEqual(await snapshots.read("run_1"), tensors);
});

Deno.test("a host's reason for a failed write is reported unchanged, and nothing is stored", async () => {
  const disk = new MemoryDisk();
  const registry = await Registry.open(disk.models, { write: true });
  const stored = await registry.store(testModel, testWeights(1));
  disk.failure = new FileError("full", "the browser grants no more room");
  await assert.rejects(
    registry.store(testModel, testWeights(2)),
    (error) =>
      error instanceof RegistryError &&
      error.message === "cannot store a model in /models: the browser grants no more room",
  );
  disk.failure = undefined;
  assert.deepEqual(await registry.list(), [stored]);
});
