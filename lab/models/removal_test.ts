import assert from "node:assert/strict";
import { join } from "node:path";
import { refuseFile } from "./durability/disk_fault_testing.ts";
import { writePth } from "../../core/formats/pth/writer.ts";
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
import { openRegistry } from "../../service/files/open_registry.ts";

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
