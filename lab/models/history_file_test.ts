import assert from "node:assert/strict";
import { join } from "node:path";
import { refuseFile } from "./durability/disk_fault_testing.ts";
import { filesIn, metadataOf, refused, testModel, testWeights, withFolder } from "./registry_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const historiesIn = (folder: string) => filesIn(join(folder, "history"));

Deno.test("a history is stored with its model, outside the metadata, and is removed when the model is removed or replaced", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const store = (note: string, replaces?: string) =>
      registry.store(testModel, testWeights(1), { replaces, history: ({ id }) => ({ id, note }) });
    const first = await store("one");
    const second = await store("two", first.id);
    const third = await store("three");
    assert.deepEqual(historiesIn(folder), [`${second.id}.json`, `${third.id}.json`].sort());
    assert.deepEqual(await registry.readHistory(second), { id: second.id, note: "two" });
    assert.doesNotMatch(Deno.readTextFileSync(metadataOf(folder)), /two/);
    await registry.remove(second.id);
    assert.deepEqual(historiesIn(folder), [`${third.id}.json`]);
    const plain = await registry.store(testModel, testWeights(1));
    assert.equal(await registry.readHistory(plain), undefined);
  }));

Deno.test("finishing an interrupted removal also removes the history", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const { id, filename } = await registry.store(testModel, testWeights(1), { history: () => ({}) });
    Deno.writeTextFileSync(metadataOf(folder), "[]");
    Deno.writeTextFileSync(join(folder, `.${filename}.lab-removed`), "");
    Deno.writeTextFileSync(join(folder, "history", ".x.json.lab-tmp"), "half");
    assert.deepEqual(historiesIn(folder), [".x.json.lab-tmp", `${id}.json`]);
    await openRegistry(folder);
    assert.deepEqual(historiesIn(folder), []);
    assert(!filesIn(folder).includes(filename));
  }));

Deno.test("if the history or the metadata cannot be written, neither model nor history is stored", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    Deno.writeTextFileSync(join(folder, "history"), "in the way");
    await assert.rejects(
      registry.store(testModel, testWeights(1), { history: () => ({}) }),
      refused(/cannot store a model in /),
    );
    assert.deepEqual(await registry.list(), []);
    assert.deepEqual(filesIn(folder).filter((name) => name.endsWith(".pth")), []);
    Deno.removeSync(join(folder, "history"));
    using _full = refuseFile("models_metadata.json");
    await assert.rejects(registry.store(testModel, testWeights(1), { history: () => ({}) }), refused(/cannot store/));
    assert.deepEqual(historiesIn(folder), []);
  }));

Deno.test("the error for a damaged history names it", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const record = await registry.store(testModel, testWeights(1), { history: () => ({}) });
    Deno.writeTextFileSync(join(folder, "history", `${record.id}.json`), "{");
    await assert.rejects(
      registry.readHistory(record),
      refused(/cannot read the history .*\.json: it is not valid JSON/),
    );
    await assert.rejects(registry.readHistory({ ...record, filename: "../x.pth" }), refused(/must be the plain name/));
  }));
