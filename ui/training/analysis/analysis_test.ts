import assert from "node:assert/strict";
import { writeSafetensors } from "../../../core/formats/safetensors.ts";
import { initialParameters } from "../../../core/models/parameters.ts";
import type { Reply } from "../../shared/wire/connection.ts";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { StoredWeights } from "../../shared/wire/stored_models.ts";
import { Analysis, type FirstLayer, Report } from "./analysis.ts";
import { analysisOf } from "./analysis_testing.ts";

type Architecture = { modelType: "SimpleNN" | "ConvNN"; hiddenLayers: number[] };

function putModel(lab: FakeLab, id: string, { modelType, hiddenLayers }: Architecture): void {
  const weights = initialParameters({ modelType, hiddenLayers }, 1);
  const metadata = {
    model_type: modelType,
    hidden_layers_config: JSON.stringify(hiddenLayers),
    use_dropout: "false",
    dropout_p: "0.3",
  };
  lab.files.set(`/api/models/${id}/model.safetensors`, writeSafetensors(weights, metadata));
  lab.replies.set(`/api/models/${id}/analysis`, { status: 200, body: analysisOf([[3, 3, 90]], { model_id: id }) });
}

function setUp() {
  const lab = new FakeLab();
  return { lab, analysis: new Analysis(lab, new StoredWeights(lab)) };
}

Deno.test("the first layer of each kind of model is split into pictures", async () => {
  const cases: [Architecture, FirstLayer["kind"], number, number][] = [
    [{ modelType: "SimpleNN", hiddenLayers: [12, 5] }, "units", 12, 28],
    [{ modelType: "SimpleNN", hiddenLayers: [] }, "digits", 10, 28],
    [{ modelType: "ConvNN", hiddenLayers: [5] }, "filters", 32, 3],
  ];
  for (const [architecture, kind, count, side] of cases) {
    const { lab, analysis } = setUp();
    putModel(lab, "m", architecture);
    await analysis.open("m");
    const layer = analysis.firstLayer.value as FirstLayer;
    assert.deepEqual([layer.kind, layer.pictures.length, layer.side], [kind, count, side]);
    const [{ data }] = initialParameters(architecture, 1);
    assert.deepEqual([...layer.pictures[1]], [...data.subarray(side * side, 2 * side * side)]);
    assert.equal(layer.largest, Math.max(...data.map(Math.abs)));
  }
});

Deno.test("a late answer about the previous model is not shown for the current one", async () => {
  const { lab, analysis } = setUp();
  putModel(lab, "slow", { modelType: "SimpleNN", hiddenLayers: [3] });
  putModel(lab, "quick", { modelType: "SimpleNN", hiddenLayers: [] });
  const slow = Promise.withResolvers<Reply>();
  const late = lab.replies.get("/api/models/slow/analysis") as Reply;
  lab.replies.set("/api/models/slow/analysis", slow.promise);
  const first = analysis.open("slow");
  await analysis.open("quick");
  slow.resolve(late);
  await first;
  const state = analysis.state.value;
  assert(state.phase === "ready" && state.report.modelId === "quick");
  assert.equal((analysis.firstLayer.value as FirstLayer).kind, "digits");
});

Deno.test("a missing model and an unreachable lab are reported, and the analysis can be requested again", async () => {
  const { lab, analysis } = setUp();
  await analysis.open("m");
  assert.deepEqual(analysis.state.value, {
    phase: "failed",
    id: "m",
    words: "The lab could not be reached. Try again.",
  });
  lab.replies.set("/api/models/m/analysis", { status: 404, body: { error: 'There is no model "m".' } });
  await analysis.open("m");
  assert.deepEqual(analysis.state.value, { phase: "failed", id: "m", words: 'There is no model "m".' });
  assert("failed" in (analysis.firstLayer.value as object));
  putModel(lab, "m", { modelType: "SimpleNN", hiddenLayers: [3] });
  await analysis.open("m");
  assert.equal(analysis.state.value.phase, "ready");
  assert.equal((analysis.firstLayer.value as FirstLayer).kind, "units");
});

const report = new Report(analysisOf([
  [4, 4, 99],
  [4, 9, 60],
  [4, 4, 55],
  [9, 4, 97],
  [4, 9, 80],
  [1, 1, 100],
]));

Deno.test("each digit has its share of right answers; a digit without pictures has none", () => {
  assert.deepEqual(report.classes[4], { digit: 4, count: 4, correct: 2, percent: 50 });
  assert.deepEqual(report.classes[9], { digit: 9, count: 1, correct: 0, percent: 0 });
  assert.deepEqual(report.classes[0], { digit: 0, count: 0, correct: 0, percent: undefined });
});

Deno.test("mistakes come with their confidence, the most confident first", () => {
  assert.deepEqual(report.mistakes.map(({ index, was, said }) => [index, was, said]), [[3, 9, 4], [4, 4, 9], [
    1,
    4,
    9,
  ]]);
  assert(Math.abs(report.mistakes[0].confidence - 0.97) < 1e-4);
});

Deno.test("the digits of a cell are sorted: mistakes from the most confident, right answers from the least", () => {
  assert.deepEqual(report.digitsOf(4, 9).map(({ index }) => index), [4, 1]);
  assert.deepEqual(report.digitsOf(4, 4).map(({ index }) => index), [2, 0]);
  assert.deepEqual(report.digitsOf(7, 7), []);
});

Deno.test("an accuracy that differs from the record is noticed", () => {
  assert.equal(report.differsFromRecord, false);
  assert.equal(new Report(analysisOf([[1, 1, 90]], { recorded_accuracy: 97.5 })).differsFromRecord, true);
});
