import assert from "node:assert/strict";
import { join } from "node:path";
import { restoreBackup } from "../mod.ts";
import { filesIn, METADATA, metadataOf, refused, testModel, testWeights, withFolder } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";
import { DiskFolder } from "../../../service/files/disk_folder.ts";

const backupOf = (folder: string) => `${metadataOf(folder)}.bak`;

/** Three models stored, one replaced and one removed. */
async function storeSome(folder: string) {
  const registry = await openRegistry(folder);
  for (const value of [1, 2, 3]) await registry.store({ ...testModel, name: "Zoë" }, testWeights(value));
  await registry.store(testModel, testWeights(4), { replaces: (await registry.list())[0].id });
  await registry.remove((await registry.list())[2].id);
  return { registry, records: await registry.list() };
}

Deno.test("every change of the list leaves a backup", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const isCopied = () => assert.deepEqual(Deno.readFileSync(backupOf(folder)), Deno.readFileSync(metadataOf(folder)));
    const first = await registry.store(testModel, testWeights(1));
    isCopied();
    const second = await registry.store(testModel, testWeights(2), { replaces: first.id });
    isCopied();
    await registry.remove(second.id);
    isCopied();
    assert.notEqual(Deno.statSync(backupOf(folder)).ino, Deno.statSync(metadataOf(folder)).ino, "a file of its own");
  }));

Deno.test("truncated metadata is reported with the offset, nothing is overwritten, and the backup restores all", () =>
  withFolder(async (folder) => {
    const { records } = await storeSome(folder);
    const [bytes, backup] = [Deno.readFileSync(metadataOf(folder)), Deno.readFileSync(backupOf(folder))];
    const zoe = bytes.findIndex((byte) => byte > 127);
    // Without its last byte, a line break, the file is still valid.
    for (const size of [bytes.length >> 1, zoe - 1, zoe + 1, 0, 1, bytes.length - 2]) {
      Deno.writeFileSync(metadataOf(folder), bytes.subarray(0, size));
      const before = filesIn(folder);
      // Opens the folder as a restarted service does.
      const registry = await openRegistry(folder, { write: true });
      const told = refused(
        new RegExp(
          `${folder}/models_metadata\\.json is not .*\\(offset ${size}\\)\\. Nothing was changed: a backup of ` +
            `20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC with 2 records is there, and ` +
            `\`deno task restore-models ${folder}\` puts it in place\\. Or mend the file, or move it away`,
        ),
      );
      await assert.rejects(registry.list(), told);
      await assert.rejects(registry.store(testModel, testWeights(1)), told);
      await assert.rejects(registry.store(testModel, testWeights(1), { replaces: records[0].id }), told);
      await assert.rejects(registry.remove(records[0].id), told);
      assert.deepEqual(Deno.readFileSync(metadataOf(folder)), bytes.subarray(0, size));
      assert.deepEqual(Deno.readFileSync(backupOf(folder)), backup);
      assert.deepEqual(filesIn(folder), before);

      const { count, damaged, withoutFile, unlisted } = await restoreBackup(new DiskFolder(folder));
      assert.deepEqual([count, withoutFile, unlisted], [2, [], []]);
      assert.deepEqual(Deno.readFileSync(damaged!), bytes.subarray(0, size), "the damaged file is kept");
      assert.deepEqual(Deno.readFileSync(metadataOf(folder)), bytes);
      assert.deepEqual(await registry.list(), records);
      for (const record of records) await registry.readWeights(record);
    }
    assert.equal(
      filesIn(folder).filter((name) => name.includes(".json.damaged-")).length,
      6,
      "each under its own name",
    );
  }));

Deno.test("a byte that is not UTF-8 is reported with its offset", () =>
  withFolder(async (folder) => {
    const { registry } = await storeSome(folder);
    const bytes = Deno.readFileSync(metadataOf(folder));
    bytes[300] = 0xff;
    Deno.writeFileSync(metadataOf(folder), bytes);
    await assert.rejects(registry.list(), refused(/is not UTF-8 text: .*\(offset 300\).*with 2 records/));
    await restoreBackup(new DiskFolder(folder));
    assert.equal((await registry.list()).length, 2);
  }));

Deno.test("a missing or damaged backup is not offered, and a restart restores nothing", () =>
  withFolder(async (folder) => {
    const { registry } = await storeSome(folder);
    Deno.truncateSync(metadataOf(folder), 100);
    Deno.truncateSync(backupOf(folder), 100);
    await assert.rejects(registry.list(), refused(/Nothing was changed: mend the file, or move it away/));
    await assert.rejects(
      restoreBackup(new DiskFolder(folder)),
      refused(/no backup that can be read: .*models_metadata\.json\.bak/),
    );
    Deno.removeSync(backupOf(folder));
    await assert.rejects(registry.list(), refused(/Nothing was changed: mend the file, or move it away/));
    await assert.rejects(restoreBackup(new DiskFolder(folder)), refused(/no backup that can be read/));
    assert.equal(Deno.statSync(metadataOf(folder)).size, 100);
    await assert.rejects(restoreBackup(new DiskFolder(join(folder, "nowhere"))), refused(/nowhere: it does not exist/));
  }));

Deno.test("a backup does not replace valid metadata, and models stored or removed since are listed", () =>
  withFolder(async (folder) => {
    const { registry, records: [newer, older] } = await storeSome(folder);
    await assert.rejects(
      restoreBackup(new DiskFolder(folder)),
      refused(/is sound and lists 2 models, so it was left as it is/),
    );
    const backup = Deno.readFileSync(backupOf(folder));
    const later = await registry.store(testModel, testWeights(5), { replaces: older.id });
    Deno.writeFileSync(backupOf(folder), backup);
    Deno.removeSync(metadataOf(folder));
    const restored = await restoreBackup(new DiskFolder(folder));
    assert.deepEqual(restored, {
      ...restored,
      count: 2,
      damaged: undefined,
      withoutFile: [older.id],
      unlisted: [later.filename],
    });
    assert.deepEqual((await registry.list()).map(({ id }) => id), [newer.id, older.id]);
    assert.deepEqual(filesIn(folder), [".lock", ...METADATA, newer.filename, later.filename].sort());
  }));

Deno.test("the backup of a list that was deleted outlives the next store", () =>
  withFolder(async (folder) => {
    const { registry } = await storeSome(folder);
    const backup = Deno.readFileSync(backupOf(folder));
    Deno.removeSync(metadataOf(folder));
    await registry.store(testModel, testWeights(5));
    const aside = filesIn(folder).filter((name) => /\.bak-\d{8}T\d{6}$/.test(name));
    assert.deepEqual(aside.map((name) => Deno.readFileSync(join(folder, name))), [backup]);
    await registry.store(testModel, testWeights(6));
    assert.equal(filesIn(folder).filter((name) => name.includes(".bak-")).length, 1, "once");
  }));
