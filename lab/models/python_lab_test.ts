/** Tests a models folder that the Python lab wrote, used unchanged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openPredictor } from "../../core/training/predictor.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { firstDigits, mnist } from "../../core/testing/mnist.ts";
import { specOf } from "./mod.ts";
import { pythonLogits, withPythonLab } from "./python_lab_testing.ts";
import { filesIn, METADATA, metadataOf, readMetadata, testModel, testWeights } from "./registry_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const IDS = ["model_convnn_adam_1762740640", "model_simplenn_adam_1762740580", "model_simplenn_adam_1762740520"];

/** Every file of a folder except the lock, by name. */
function contentsOf(folder: string): Map<string, Uint8Array> {
  const names = filesIn(folder).filter((name) => name !== ".lock");
  return new Map(names.map((name) => [name, Deno.readFileSync(join(folder, name))]));
}

Deno.test("models of the Python lab are listed and give the same logits as in PyTorch", () =>
  withPythonLab(async (folder) => {
    const before = contentsOf(folder);
    const registry = await openRegistry(folder, { write: true });
    const records = await registry.list();
    assert.deepEqual(records.map(({ id }) => id), IDS);
    assert.deepEqual(records.toReversed(), readMetadata(folder));
    for (const record of records) {
      const expected = pythonLogits[record.id];
      const predictor = await openPredictor(specOf(record), await registry.readWeights(record), {
        batch: expected.length,
      });
      await predictor.predict(firstDigits(mnist().test, expected.length).images);
      assertAllClose(await predictor.logits(), expected.flat(), { relative: 0, absolute: 1e-4 }, record.id);
      predictor.close();
      assert.equal((await registry.findDuplicate(record))?.id, record.id);
    }
    assert.deepEqual(contentsOf(folder), before, "reading changes nothing");
  }));

Deno.test("storing another model leaves the Python lab's models unchanged", () =>
  withPythonLab(async (folder) => {
    const before = contentsOf(folder);
    const registry = await openRegistry(folder, { write: true });
    const record = await registry.store(testModel, testWeights(1));
    const after = contentsOf(folder);
    for (const [name, bytes] of before) {
      if (name !== "models_metadata.json") assert.deepEqual(after.get(name), bytes, name);
    }
    assert.deepEqual(readMetadata(folder), [
      ...JSON.parse(new TextDecoder().decode(before.get("models_metadata.json"))),
      record,
    ]);
    // Numbers stay as Python wrote them unless the record is changed.
    assert.match(Deno.readTextFileSync(metadataOf(folder)), /"accuracy": 80\.25000095367432,/);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [record.id, ...IDS]);
  }));

Deno.test("a model of the Python lab can be replaced and removed", () =>
  withPythonLab(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    const [conv, , simple] = await registry.list();
    const { id: _, filename: __, timestamp: ___, ...config } = simple;
    const weights = await registry.readWeights(simple);
    const replaced = await registry.store(config, weights, { replaces: simple.id });
    assert.deepEqual(await registry.readWeights(replaced), weights);
    assert.equal(await registry.remove(conv.id), true);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [replaced.id, IDS[1]]);
    assert.deepEqual(
      [...contentsOf(folder).keys()],
      [`${IDS[1]}.pth`, replaced.filename, ...METADATA].sort(),
    );
  }));
