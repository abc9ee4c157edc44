import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { refuseFile } from "./durability/disk_fault_testing.ts";
import { RegistryError } from "./mod.ts";
import {
  filesIn,
  foreignRecord,
  METADATA,
  metadataOf,
  readMetadata,
  refused,
  testModel,
  testWeights,
  withFolder,
} from "./registry_testing.ts";

Deno.test("a .pth file that another program replaces with one of the same size has a new version", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const record = await registry.store(testModel, testWeights(1));
    const version = await registry.pthVersion(record);
    assert.equal(await registry.pthVersion(record), version);
    const beside = join(folder, "new");
    await Deno.writeFile(beside, writePth(testWeights(2), record.id));
    await Deno.rename(beside, join(folder, record.filename));
    assert.notEqual(await registry.pthVersion(record), version);
    await Deno.remove(join(folder, record.filename));
    await assert.rejects(
      registry.pthVersion(record),
      (error) => error instanceof RegistryError && error.message.includes(record.id),
    );
  }));

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

Deno.test("a removed model leaves neither record nor file behind, and nothing else changes", () =>
  withFolder(async (folder) => {
    const entries = ["a note", foreignRecord({ id: "a", filename: "shared.pth" }), foreignRecord({ id: "b" })];
    Deno.writeTextFileSync(metadataOf(folder), JSON.stringify([...entries, { ...entries[1] as object, id: "c" }]));
    for (const name of ["shared", "foreign", "orphan"]) {
      Deno.writeFileSync(join(folder, `${name}.pth`), writePth(testWeights(1), name));
    }
    const [registry, other] = [await openRegistry(folder), await openRegistry(folder)];
    const stored = await registry.store(testModel, testWeights(2));
    assert.equal(await registry.remove("nobody"), false);
    assert.equal(await registry.remove(stored.id), true);
    assert.equal(await registry.remove(stored.id), false);
    assert.equal(await other.get(stored.id), undefined);
    assert.deepEqual(readMetadata(folder) as unknown[], [...entries, { ...entries[1] as object, id: "c" }]);
    const others = [".lock", "foreign.pth", ...METADATA, "orphan.pth", "shared.pth"];
    assert.deepEqual(filesIn(folder), others);

    assert.equal(await registry.remove("a"), true);
    assert.deepEqual(filesIn(folder), others, "another record still names the file");
    assert.equal(await registry.remove("c"), true);
    assert.equal(await registry.remove("b"), true);
    assert.deepEqual(filesIn(folder), [".lock", ...METADATA, "orphan.pth"]);
    assert.deepEqual(readMetadata(folder) as unknown[], ["a note"]);
  }));

Deno.test("an interrupted removal is finished or dropped when the folder is next opened", () =>
  withFolder(async (folder) => {
    const record = await (await openRegistry(folder)).store(testModel, testWeights(1));
    const [path, note] = [join(folder, record.filename), join(folder, `.${record.filename}.lab-removed`)];
    const listed = Deno.readTextFileSync(metadataOf(folder));

    // Interrupted before the metadata changed: the model is still there.
    Deno.writeTextFileSync(note, "");
    assert.deepEqual(await (await openRegistry(folder)).readWeights(record), testWeights(1));
    assert.deepEqual(filesIn(folder), [".lock", record.filename, ...METADATA]);

    // Unreadable metadata may name the file, so nothing is removed, and the reader gets the reason.
    Deno.writeTextFileSync(note, "");
    Deno.writeTextFileSync(metadataOf(folder), listed.slice(0, -5));
    await assert.rejects((await openRegistry(folder, { write: true })).list(), refused(/ends too early/));
    assert.ok(Deno.statSync(path).isFile && Deno.statSync(note).isFile);

    // Interrupted after that: the file is removed, but a file without a note is not.
    Deno.writeTextFileSync(metadataOf(folder), "[]");
    Deno.writeTextFileSync(join(folder, "orphan.pth"), "somebody else's");
    await openRegistry(folder);
    assert.deepEqual(filesIn(folder), [".lock", ...METADATA, "orphan.pth"]);
  }));

Deno.test("a removal that cannot be written leaves the model unchanged", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const record = await registry.store(testModel, testWeights(1));
    using _full = refuseFile("models_metadata.json");
    await assert.rejects(registry.remove(record.id), refused(new RegExp(`cannot remove model ${record.id} in`)));
    assert.deepEqual(await registry.list(), [record]);
    assert.deepEqual(await registry.readWeights(record), testWeights(1));
    assert.ok(!filesIn(folder).some((name) => name.endsWith(".lab-removed")));
  }));
