import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelAnalysis } from "../../protocol/mod.ts";
import { testModel, testWeights } from "../../lab/models/registry_testing.ts";
import { type ImportLab, pythonModel, withImportLab } from "../testing/open_lab.ts";
import { findingsOf } from "../../lab/analysis/confusion_matrix.ts";

async function analysisOf({ app }: ImportLab, id: string): Promise<ModelAnalysis> {
  const response = await app.request(`http://localhost:8000/api/models/${id}/analysis`);
  assert.equal(response.status, 200);
  return await response.json();
}

for (const id of ["model_simplenn_adam_1762740580", "model_convnn_adam_1762740640"]) {
  Deno.test(`the analysis of ${id} agrees with its accuracy and with the digits`, async () => {
    await withImportLab(async (lab) => {
      const { body: record } = await lab.post(pythonModel(id));
      const analysis = await analysisOf(lab, record.id);
      assert.equal(analysis.model_id, record.id);
      assert.deepEqual([analysis.count, analysis.recorded_accuracy], [10_000, record.accuracy]);
      const { confusion } = analysis;
      const diagonal = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
      assert.equal(diagonal / 100, record.accuracy);
      assert.equal(analysis.accuracy, record.accuracy);

      const labels = Uint8Array.fromBase64(analysis.labels), said = Uint8Array.fromBase64(analysis.said);
      const sure = new Uint16Array(Uint8Array.fromBase64(analysis.confidence).buffer);
      // MNIST has 980 test digits that are 0, and these are the first of them.
      assert.equal(confusion[0].reduce((a, b) => a + b), 980);
      assert.deepEqual([...labels.subarray(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
      const counted = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
      labels.forEach((label, i) => counted[label][said[i]]++);
      assert.deepEqual(counted, confusion);
      assert.equal(sure.length, 10_000);
      // The most probable of ten digits has a probability of at least 0.1.
      assert(sure.every((share) => share >= 6553));
    });
  });
}

Deno.test("a model is analysed once, and again when its file has changed", async () => {
  await withImportLab(async (lab) => {
    const { body: record } = await lab.post(pythonModel("model_simplenn_adam_1762740520"));
    const { readWeights } = lab.registry;
    let reads = 0;
    lab.registry.readWeights = (record) => {
      reads++;
      return readWeights.call(lab.registry, record);
    };
    const [first, second] = await Promise.all([analysisOf(lab, record.id), analysisOf(lab, record.id)]);
    assert.deepEqual(second, first);
    assert.deepEqual(await analysisOf(lab, record.id), first);
    assert.equal(reads, 1);

    const path = join(lab.modelsDir, record.filename);
    await Deno.utime(path, new Date(), new Date(Date.now() - 60_000));
    await analysisOf(lab, record.id);
    assert.equal(reads, 2);
  });
});

Deno.test("a missing or unreadable model is reported with a message", async () => {
  await withImportLab(async (lab) => {
    const errorOf = async (id: string) => {
      const response = await lab.app.request(`http://localhost:8000/api/models/${id}/analysis`);
      return [response.status, (await response.json()).error];
    };
    assert.deepEqual(await errorOf("model_x"), [404, 'There is no model "model_x".']);
    const { body: record } = await lab.post(pythonModel("model_simplenn_adam_1762740520"));
    await Deno.writeTextFile(join(lab.modelsDir, record.filename), "no weights here");
    const [status, error] = await errorOf(record.id);
    assert.equal(status, 409);
    assert(error.includes(record.filename) && !error.includes(lab.modelsDir), error);
  });
});

Deno.test("a model whose training diverged in an earlier lab is not analysed, and the error says why", async () => {
  await withImportLab(async ({ app, registry }) => {
    for (const value of [NaN, 1e25]) {
      const { id } = await registry.store(testModel, testWeights(value));
      const response = await app.request(`http://localhost:8000/api/models/${id}/analysis`);
      assert.equal(response.status, 409);
      assert.match((await response.json()).error, new RegExp(`${id} cannot be analysed: .*not a finite number`));
    }
  });
});

Deno.test("a model of NaN answers 0 to everything, with no confidence", () => {
  const answers = { said: Uint8Array.of(0, 0), confidence: Float32Array.of(NaN, NaN) };
  const { accuracy, confusion, confidence } = findingsOf(answers, Uint8Array.of(0, 4));
  assert.deepEqual([accuracy, confusion[0][0], confusion[4][0]], [50, 1, 1]);
  assert.deepEqual([...Uint8Array.fromBase64(confidence)], [0, 0, 0, 0]);
});
