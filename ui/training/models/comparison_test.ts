import { signal } from "@preact/signals";
import assert from "node:assert/strict";
import type { HistoryMessage, ModelRecord } from "../../../protocol/mod.ts";
import { FakeLab, settled } from "../../shared/wire/fake_lab_testing.ts";
import { compareFields, Comparison, curvesOf, onCommonEpochs, valueAt } from "./comparison.ts";
import { modelRecord } from "./records_testing.ts";

const A = modelRecord({ id: "a", run_id: "run_a", accuracy: 96, training_time: 4 });
const B = modelRecord({
  id: "b",
  run_id: "run_b",
  learning_rate: 0.01,
  use_dropout: true,
  accuracy: 97,
  training_time: 2,
});
const IMPORTED = modelRecord({ id: "i", imported: true, optimizer: "SGD", accuracy: 97, training_time: 0 });

const historyOf = ({ run_id, ...config }: ModelRecord) => ({
  type: "history",
  run: { id: run_id, state: "done", config, created: 0, step: 10, total_steps: 10 },
  losses: [[1, 2.3], [10, 0.5]],
  logs: [{ type: "log", message: "epoch 1", epoch: 1, accuracy: 90 }],
});

function open(chosen: ModelRecord[]) {
  const lab = new FakeLab();
  for (const record of [A, B]) {
    lab.replies.set(`/api/runs/${record.run_id}`, { status: 200, body: historyOf(record) });
  }
  const selected = signal<readonly ModelRecord[]>(chosen), wished = signal(true);
  const comparison = new Comparison(lab, selected, wished);
  return {
    lab,
    selected,
    wished,
    comparison,
    kinds: () => comparison.models.value.map(({ learning }) => learning.kind),
  };
}

Deno.test("only the settings that differ are listed, then the results, with the best marked", () => {
  assert.deepEqual(compareFields([A, B, IMPORTED]), [
    { title: "Optimizer", values: ["Adam", "Adam", "SGD"], best: [] },
    { title: "Learning rate", values: ["0.001", "0.01", "0.001"], best: [] },
    { title: "Dropout", values: ["off", "0.3", "off"], best: [] },
    { title: "Test accuracy", values: ["96.00 %", "97.00 %", "97.00 %"], best: [1, 2] },
    { title: "Training time", values: ["4.0 s", "2.0 s", "–"], best: [1] },
  ]);
  assert.deepEqual(compareFields([A, { ...A, id: "twin" }]).map(({ best }) => best), [[], []]);
});

Deno.test("models are named by the settings that distinguish them, or by their ids if none do", () => {
  const names = (...records: ModelRecord[]) =>
    open(records).comparison.models.value.map(({ letter, name }) => [letter, name]);
  assert.deepEqual(names(A, B), [["A", "SimpleNN, rate 0.001, no dropout"], ["B", "SimpleNN, rate 0.01, dropout 0.3"]]);
  assert.deepEqual(names(A, { ...A, id: "twin" }), [["A", "SimpleNN (a)"], ["B", "SimpleNN (twin)"]]);
});

Deno.test("each history is requested once, and a model without a history says why", async () => {
  const { lab, selected, comparison, kinds } = open([A, IMPORTED]);
  assert.deepEqual(kinds(), ["loading", "none"]);
  await settled();
  assert.deepEqual(kinds(), ["curves", "none"]);
  const [, { learning }] = comparison.models.value;
  assert.ok(learning.kind === "none" && /imported as a file/.test(learning.words));
  selected.value = [{ ...A }, B];
  await settled();
  assert.deepEqual(kinds(), ["curves", "curves"]);
  assert.deepEqual(lab.requests.map(({ path }) => path), ["/api/runs/run_a", "/api/runs/run_b"]);
});

Deno.test("a missing history is reported, and a failed request can be repeated", async () => {
  const { lab, selected, comparison, kinds } = open([]);
  lab.replies.set("/api/runs/gone", { status: 404, body: { error: "There is no run." } });
  selected.value = [modelRecord({ id: "x", run_id: "gone" }), modelRecord({ id: "y", run_id: "unheard" })];
  await settled();
  assert.deepEqual(kinds(), ["none", "unknown"]);
  lab.replies.set("/api/runs/unheard", { status: 200, body: historyOf(A) });
  comparison.retry();
  await settled();
  assert.deepEqual(kinds(), ["none", "curves"]);
});

Deno.test("two to six models can be compared, and no history is requested before that", async () => {
  const { lab, selected, wished, comparison } = open([A]);
  assert.ok(!comparison.isOpen.value);
  selected.value = Array.from({ length: 7 }, (_, i) => ({ ...A, id: `${i}` }));
  assert.ok(!comparison.isPossible.value);
  wished.value = false;
  selected.value = [A, B];
  await settled();
  assert.ok(comparison.isPossible.value && !comparison.isOpen.value);
  assert.deepEqual(lab.requests, []);
  wished.value = true;
  assert.equal(lab.requests.length, 2);
});

const history = (fields: Partial<HistoryMessage>): HistoryMessage => ({
  type: "history",
  run: {
    id: "r",
    state: "done",
    config: modelRecord({ id: "m", num_epochs: 2 }),
    created: 0,
    step: 40,
    total_steps: 40,
  },
  losses: [],
  logs: [],
  ...fields,
});

Deno.test("losses are placed by epoch, whatever the batch size, and each epoch has one accuracy", () => {
  const { loss, accuracy } = curvesOf(history({
    losses: [[10, 2], [20, 2], [40, 2]],
    logs: [
      { type: "log", message: "began" },
      { type: "log", message: "epoch 2", epoch: 2, accuracy: 94 },
      { type: "log", message: "epoch 1", epoch: 1, accuracy: 90 },
      { type: "log", message: "epoch 2 after resuming", epoch: 2, accuracy: 95 },
    ],
  }));
  assert.deepEqual(loss, { epochs: [0.5, 1, 2], values: [2, 2, 2] });
  assert.deepEqual(accuracy, { epochs: [1, 2], values: [90, 95] });
});

Deno.test("a curve is straight between its points and empty beyond its ends and in its gaps", () => {
  const curve = { epochs: [1, 2, 4, 5], values: [10, 20, 40, null] };
  const values = [[0.9, null], [1, 10], [1.5, 15], [2, 20], [3, 30], [4, 40], [4.5, null], [5, null], [5.1, null]];
  for (const [epoch, value] of values) assert.equal(valueAt(curve, epoch!), value, `at ${epoch}`);
  assert.equal(valueAt({ epochs: [], values: [] }, 1), null);
});

Deno.test("curves with different epochs are sampled at common epochs", () => {
  const long = { epochs: [1, 2, 3], values: [1, 2, 3] }, short = { epochs: [1.5, 2.5], values: [0, 1] };
  assert.deepEqual(onCommonEpochs([long, short]), [
    [1, 1.5, 2, 2.5, 3],
    [1, 1.5, 2, 2.5, 3],
    [null, 0, 0.5, 1, null],
  ]);
});
