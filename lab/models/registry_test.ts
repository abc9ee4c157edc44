import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { DuplicateError } from "./mod.ts";
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

Deno.test("a stored model is listed, found by id and as a duplicate, and its weights can be read back", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const before = Math.floor(Date.now() / 1000);
    const record = await registry.store(testModel, testWeights(0.5));
    assert.ok(record.timestamp >= before && record.timestamp <= Date.now() / 1000);
    assert.equal(record.id, `model_simplenn_adam_${record.timestamp}`);
    assert.equal(record.filename, `${record.id}.pth`);
    assert.deepEqual(await registry.list(), [record]);
    assert.deepEqual(await registry.get(record.id), record);
    assert.deepEqual(await registry.findDuplicate(testModel), record);
    assert.equal(await registry.findDuplicate({ ...testModel, dropout_p: 0.2 }), undefined);
    assert.equal(await registry.get("other"), undefined);
    assert.deepEqual(await registry.readWeights(record), testWeights(0.5));
    assert.deepEqual(readMetadata(folder), [{ ...record }]);
    assert.deepEqual(await registry.readPth(record), Deno.readFileSync(join(folder, record.filename)));
  }));

Deno.test("models of the same second get suffixes, even if only an orphaned file has the name", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const stored = await Promise.all([1, 2, 3, 4].map((value) => registry.store(testModel, testWeights(value))));
    assert.equal(new Set(stored.map((record) => record.id)).size, 4);
    assert.deepEqual((await registry.list()).map((record) => record.id), stored.map((record) => record.id).reverse());
    for (const record of stored) assert.match(record.id, /^model_simplenn_adam_\d+(_[2-4])?$/);

    const second = Math.floor(Date.now() / 1000);
    const orphans = [0, 1, 2].map((later) => join(folder, `model_simplenn_sgd_${second + later}.pth`));
    for (const orphan of orphans) Deno.writeTextFileSync(orphan, "orphan");
    assert.match((await registry.store({ ...testModel, optimizer: "SGD" }, testWeights(5))).id, /_sgd_\d+_2$/);
    for (const orphan of orphans) assert.equal(Deno.readTextFileSync(orphan), "orphan");
  }));

Deno.test("no process uses an id again, not even within the second in which its model was removed", () =>
  withFolder(async (folder) => {
    const ids: string[] = [];
    for (let value = 0; value < 20; value++) {
      const registry = await openRegistry(folder);
      const { id } = await registry.store(testModel, testWeights(value));
      ids.push(id);
      await registry.remove(id);
    }
    assert.equal(new Set(ids).size, ids.length, ids.join());
  }));

Deno.test("a replacement takes the place of the old record, and the old file is removed", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const first = await registry.store(testModel, testWeights(1));
    const other = await registry.store({ ...testModel, batch_size: 64 }, testWeights(2));
    const second = await registry.store(testModel, testWeights(3), { replaces: first.id });
    assert.deepEqual(readMetadata(folder).map((record) => record.id), [second.id, other.id]);
    assert.deepEqual(filesIn(folder), [".lock", ...METADATA, second.filename, other.filename].sort());
    assert.deepEqual(await registry.readWeights(second), testWeights(3));
    await assert.rejects(registry.readWeights(first), refused(new RegExp(`file of model ${first.id}.*does not exist`)));

    const third = await registry.store(testModel, testWeights(4), { replaces: "gone" });
    assert.equal((await registry.list())[0].id, third.id);
    assert.equal((await registry.list()).length, 3);
  }));

Deno.test("a replacement keeps unknown fields of the old record, but nothing from its training", () =>
  withFolder(async (folder) => {
    const old = JSON.stringify(foreignRecord({ tag: "keep me", note: "old", seed: 1, device: "wasm" }));
    Deno.writeTextFileSync(metadataOf(folder), `[${old.replace(/}$/, ', "loss_history": [2.30, 1.0E0]}')}]`);
    const registry = await openRegistry(folder);
    const { id } = await registry.store({ ...testModel, note: "new", seed: 2 }, testWeights(1), {
      replaces: "foreign",
    });
    const [{ tag, note, seed, device, loss_history, ...known }] = readMetadata(folder);
    assert.deepEqual({ tag, note, seed, device, loss_history }, {
      tag: "keep me",
      note: "new",
      seed: 2,
      device: undefined,
      loss_history: [2.3, 1],
    });
    assert.deepEqual([known.id, known.filename], [id, `${id}.pth`]);
    assert.match(Deno.readTextFileSync(metadataOf(folder)), /2\.30,\s+1\.0E0/);
  }));

Deno.test("a file that two records share outlives the replacement of one of them", () =>
  withFolder(async (folder) => {
    Deno.writeFileSync(join(folder, "foreign.pth"), writePth(testWeights(1), "foreign"));
    const records = [foreignRecord({ id: "a" }), foreignRecord({ id: "b" })];
    Deno.writeTextFileSync(metadataOf(folder), JSON.stringify(records));
    const registry = await openRegistry(folder);
    await registry.store(testModel, testWeights(2), { replaces: "a" });
    assert.deepEqual(await registry.readWeights((await registry.get("b"))!), testWeights(1));
  }));

Deno.test("fields and whole entries that this lab does not know survive a store and a replacement", () =>
  withFolder(async (folder) => {
    const text = `[
      "a note", 17, null,
      {"id": "x", "model_type": "Transformer", "big": 12345678901234567890, "rate": 1.0, "nested": {"a": [1e-7, true]}},
      ${JSON.stringify(foreignRecord({ tag: "keep me" })).replace("}", ', "loss_history": [2.30, 1.0E0]}')}
    ]`;
    Deno.writeTextFileSync(metadataOf(folder), text);
    const registry = await openRegistry(folder);
    assert.deepEqual((await registry.list()).map(({ id, tag }) => [id, tag]), [["foreign", "keep me"]]);
    const first = await registry.store(testModel, testWeights(1));
    await registry.store(testModel, testWeights(2), { replaces: first.id });
    const written = Deno.readTextFileSync(metadataOf(folder));
    const [note, number, nothing, unknown, foreign] = JSON.parse(written);
    assert.deepEqual([note, number, nothing], ["a note", 17, null]);
    assert.deepEqual(unknown.nested, { a: [1e-7, true] });
    assert.equal(foreign.tag, "keep me");
    for (const number of ["12345678901234567890", "1.0,", "2.30", "1.0E0"]) assert.ok(written.includes(number), number);
    assert.ok(written.startsWith('[\n  "a note",\n  17,\n  null,\n  {\n    "id": "x",'), "indented by two spaces");
  }));

Deno.test("an unusable entry hides only itself and stays unchanged, byte for byte, when others change", () =>
  withFolder(async (folder) => {
    const entry = (fields: Record<string, unknown>, python = "") =>
      JSON.stringify(foreignRecord(fields), null, 4).replace(/\n}$/, `${python}\n}`).replaceAll("\n", "\n    ");
    const good = entry({ id: "good", dropout_p: null, use_dropout: null }, ',\n    "best_loss": NaN, "note": "NaN"');
    const bad = [
      entry({ id: "accuracy NaN", accuracy: undefined }, ',\n    "accuracy": NaN'),
      entry({ id: "accuracy infinite", accuracy: undefined }, ',\n    "accuracy": 1e999'),
      entry({ id: "rate infinite", learning_rate: undefined }, ',\n    "learning_rate": -Infinity'),
      entry({ id: "wrong type", batch_size: "64" }),
      entry({ id: "null", optimizer: null }),
      entry({ id: "absent", filename: undefined }),
    ];
    Deno.writeTextFileSync(metadataOf(folder), `[\n    ${[bad[0], good, ...bad.slice(1)].join(",\n    ")}\n]`);
    const registry = await openRegistry(folder, { write: true });
    const [found, ...others] = await registry.list();
    assert.deepEqual([found.id, found.dropout_p, found.use_dropout, found.best_loss], ["good", 0.3, false, null]);
    assert.deepEqual(others, []);
    assert.match(
      (await registry.describeStrangers())!,
      /6 entries.*number 1 of 7, "accuracy NaN": accuracy is missing/,
    );

    const { id } = await registry.store(testModel, testWeights(1));
    await registry.store({ ...testModel, batch_size: 7 }, testWeights(1), { replaces: id });
    const written = Deno.readTextFileSync(metadataOf(folder));
    for (const text of bad) assert.ok(written.includes(text), text);
    assert.match(written, /"best_loss": NaN,\s+"note": "NaN"/);
    assert.equal((await registry.list()).length, 2);

    Deno.writeFileSync(
      join(folder, found.filename),
      Deno.readFileSync(join(folder, (await registry.list())[0].filename)),
    );
    const next = await registry.store(testModel, testWeights(2), { replaces: "good" });
    assert.match(
      Deno.readTextFileSync(metadataOf(folder)),
      /"best_loss": NaN,\s+"note": "NaN"/,
      "the new model keeps it",
    );
    assert.equal(next.id !== "good" && (await registry.get(next.id))!.best_loss, null);
  }));

Deno.test("the fault of damaged metadata is found at its position, apart from Python's NaN", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    Deno.writeTextFileSync(metadataOf(folder), '[{"a": NaN, "b": -Infinity}, {"id" "b"}]');
    await assert.rejects(registry.list(), refused(/not valid JSON: unexpected "\\"" at line 1, column 36/));
  }));

Deno.test("a registry sees at its next call what another on the same folder has stored", () =>
  withFolder(async (folder) => {
    const [one, two] = [await openRegistry(folder), await openRegistry(folder)];
    let last = await one.store(testModel, testWeights(0));
    for (let n = 1; n <= 10; n++) {
      const [from, to] = n % 2 ? [one, two] : [two, one];
      const next = await from.store(testModel, testWeights(n), { replaces: last.id });
      assert.deepEqual(await to.list(), [next]);
      last = next;
    }
  }));

Deno.test("a change of equal length within the same millisecond is seen", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    for (let n = 100; n < 150; n++) {
      Deno.writeTextFileSync(metadataOf(folder), JSON.stringify([foreignRecord({ id: `m${n}` })]));
      assert.equal((await registry.list())[0].id, `m${n}`);
    }
  }));

Deno.test("stores of several registries at once lose nothing", () =>
  withFolder(async (folder) => {
    const registries = await Promise.all([1, 2, 3].map(() => openRegistry(folder)));
    const stored = await Promise.all(
      registries.flatMap((registry, r) => [1, 2, 3].map((n) => registry.store(testModel, testWeights(r * 10 + n)))),
    );
    const ids = new Set((await registries[0].list()).map((record) => record.id));
    assert.equal(ids.size, 9);
    for (const record of stored) assert.ok(ids.has(record.id));
  }));

Deno.test("damaged metadata is reported with the position of its fault, and is not overwritten", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const cases: [string | Uint8Array, RegExp][] = [
      [
        '[\n  {"id": "a"},\n  {"id" "b"}\n]',
        /models_metadata\.json is not valid JSON: unexpected "\\"" at line 3, column 9/,
      ],
      ['[{"id": "a"}', /the file ends too early at line 1, column 13 \(offset 12\)/],
      ["", /the file ends too early at line 1, column 1/],
      ['{"id": "a"}', /holds something else than a JSON array.*mend the file, or move it away/],
      [Uint8Array.of(0x5b, 0xff, 0x5d), /is not UTF-8 text/],
    ];
    for (const [content, message] of cases) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      Deno.writeFileSync(metadataOf(folder), bytes);
      await assert.rejects(registry.list(), refused(message));
      await assert.rejects(registry.store(testModel, testWeights(1)), refused(message));
      assert.deepEqual(Deno.readFileSync(metadataOf(folder)), bytes);
      assert.deepEqual(filesIn(folder), [".lock", "models_metadata.json"]);
    }
    Deno.removeSync(metadataOf(folder));
    assert.deepEqual(await registry.list(), []);
  }));

Deno.test("a record whose file name leads outside the folder is listed, but its file is neither read nor deleted", () =>
  withFolder(async (outer) => {
    const folder = join(outer, "models");
    Deno.mkdirSync(folder);
    const names = [
      "../secret.pth",
      "/etc/secret.pth",
      "sub\\secret.pth",
      "C:secret.pth",
      "models_metadata.json",
      "",
      "..",
    ];
    Deno.writeTextFileSync(join(outer, "secret.pth"), "secret");
    const records = names.map((filename, i) => foreignRecord({ id: `m${i}`, filename }));
    Deno.writeTextFileSync(metadataOf(folder), JSON.stringify(records));
    const registry = await openRegistry(folder);
    for (const record of await registry.list()) {
      await assert.rejects(
        async () => await registry.readWeights(record),
        refused(/must be the plain name of a \.pth/),
      );
      await registry.store(testModel, testWeights(1), { replaces: record.id });
    }
    assert.equal(Deno.readTextFileSync(join(outer, "secret.pth")), "secret");
    assert.equal((await registry.list()).length, names.length);
  }));

Deno.test("a truncated file and a file of another model are refused, and the error names the model", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const record = await registry.store(testModel, testWeights(1));
    await assert.rejects(
      registry.readWeights({ ...record, hidden_layers_config: [5] }),
      refused(new RegExp(`model ${record.id}.*"head.0.weight", has shape \\[4, 784\\], but .* has \\[5, 784\\]`)),
    );
    Deno.truncateSync(join(folder, record.filename), 9000);
    await assert.rejects(registry.readWeights(record), refused(new RegExp(`model ${record.id}.*damaged or cut short`)));
  }));

Deno.test("weights that do not fit their configuration are not stored", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const wrong = { ...testModel, hidden_layers_config: [5] };
    await assert.rejects(registry.store(wrong, testWeights(1)), /has shape \[4, 784\]/);
    assert.deepEqual(filesIn(folder), [".lock"]);
  }));

Deno.test("opening creates the folder, but not the folders above it, and refuses a file", () =>
  withFolder(async (folder) => {
    const created: string[] = [], onCreated = (path: string) => created.push(path);
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await (await openRegistry(join(folder, "models"), { onCreated })).list(), []);
    }
    assert.deepEqual(created, [join(folder, "models")], "told once, for the name may have been mistyped");
    await assert.rejects(
      openRegistry(join(folder, "a", "b")),
      refused(/cannot create the models folder .*b: the folder above it does not exist/),
    );
    Deno.writeTextFileSync(join(folder, "file"), "");
    await assert.rejects(openRegistry(join(folder, "file")), refused(/is not a folder; set MODELS_DIR/));
  }));

Deno.test("opening removes files left behind by dead writers, but not while a writer is active", () =>
  withFolder(async (folder) => {
    const leftover = join(folder, ".model_simplenn_adam_1.pth.lab-tmp");
    Deno.writeTextFileSync(leftover, "half");
    Deno.writeTextFileSync(join(folder, ".hidden"), "somebody else's");
    const writer = Deno.openSync(join(folder, ".lock"), { write: true, create: true });
    writer.lockSync(true);
    await openRegistry(folder);
    assert.ok(filesIn(folder).includes(".model_simplenn_adam_1.pth.lab-tmp"));
    writer.close();
    await openRegistry(folder);
    assert.deepEqual(filesIn(folder), [".hidden", ".lock"]);
  }));

Deno.test("a duplicate at the moment of storing is refused or replaced, as requested", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const first = await registry.store(testModel, testWeights(1), { onDuplicate: "refuse" });
    await assert.rejects(
      registry.store(testModel, testWeights(2), { onDuplicate: "refuse" }),
      (error) => error instanceof DuplicateError && error.existing.id === first.id && error.message.includes(first.id),
    );
    assert.deepEqual(filesIn(folder), [".lock", first.filename, ...METADATA]);
    assert.deepEqual(await registry.readWeights(first), testWeights(1));

    const second = await registry.store(testModel, testWeights(2), { onDuplicate: "replace" });
    assert.deepEqual((await registry.list()).map(({ id }) => id), [second.id]);
    assert.deepEqual(filesIn(folder), [".lock", second.filename, ...METADATA]);

    const together = await Promise.allSettled(
      [3, 4, 5].map((value) =>
        registry.store({ ...testModel, batch_size: 7 }, testWeights(value), { onDuplicate: "refuse" })
      ),
    );
    assert.deepEqual(together.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
  }));
