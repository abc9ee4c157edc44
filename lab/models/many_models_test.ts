import assert from "node:assert/strict";
import { Registry } from "./mod.ts";
import { foreignRecord, metadataOf, readMetadata, testModel, testWeights, withFolder } from "./registry_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

/** Runs `test` with a list of ten thousand models with an old timestamp. */
function withManyModels(test: (folder: string, registry: Registry) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const records = Array.from(
      { length: 10_000 },
      (_, i) => foreignRecord({ id: `m${i}`, filename: `m${i}.pth`, timestamp: i, batch_size: i }),
    );
    Deno.writeTextFileSync(metadataOf(folder), JSON.stringify(records, null, 2));
    Deno.utimeSync(metadataOf(folder), new Date(2020, 0), new Date(2020, 0));
    await test(folder, await openRegistry(folder, { write: true }));
  });
}

Deno.test("ten thousand models are listed and matched within 20 ms once read", () =>
  withManyModels(async (_folder, registry) => {
    await registry.list();
    const times = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      assert.equal((await registry.list())[0].id, "m9999");
      assert.equal((await registry.findDuplicate({ ...testModel, batch_size: 0 }))?.id, "m0");
      times.push(performance.now() - start);
    }
    assert.ok(Math.min(...times) < 20, `${times}`);
  }));

Deno.test("storing, replacing and removing among ten thousand models leave the others alone and take less than a second", () =>
  withManyModels(async (folder, registry) => {
    const before = await registry.list();
    const times: number[] = [];
    const timed = async <T>(work: Promise<T>) => {
      const start = performance.now();
      const result = await work;
      times.push(performance.now() - start);
      return result;
    };
    const added = await timed(registry.store(testModel, testWeights(1)));
    const overwritten = await timed(registry.store(testModel, testWeights(2), { replaces: "m5000" }));
    assert.equal(await timed(registry.remove("m7000")), true);
    const ids = before.map(({ id }) => id).filter((id) => id !== "m5000" && id !== "m7000");
    const after = await registry.list();
    // Newest first; within the same second, the one later in the file first.
    const newest = [added, overwritten].sort((a, b) => b.timestamp - a.timestamp).map(({ id }) => id);
    assert.deepEqual(after.map(({ id }) => id), [...newest, ...ids]);
    // The same objects, so that nothing derived from them has to be computed again.
    assert.ok(after.slice(2).every((record) => before.includes(record)));
    assert.deepEqual(readMetadata(folder).map(({ id }) => id)[5000], overwritten.id);
    assert.deepEqual(await (await openRegistry(folder)).list(), after);
    assert.ok(Math.min(...times) < 1000, `${times}`);
  }));

Deno.test("a damaged list of ten thousand models is searched for its fault once and not for every request", () =>
  withManyModels(async (folder, registry) => {
    await registry.store(testModel, testWeights(1));
    const path = metadataOf(folder), old = new Date(2020, 0);
    const sound = Deno.readFileSync(path);
    Deno.writeFileSync(path, sound.subarray(0, sound.length >> 1));
    Deno.utimeSync(path, old, old);
    const first = await registry.list().catch((error) => error);
    for (let i = 0; i < 3; i++) assert.equal(await registry.list().catch((error) => error), first);
    Deno.writeFileSync(path, sound);
    assert.equal((await registry.list()).length, 10_001);
  }));
