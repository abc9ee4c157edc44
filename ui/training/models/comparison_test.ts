import assert from "node:assert/strict";
import { signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { FakeLab, settled } from "../../shared/wire/fake_lab_testing.ts";
import { compareFields, Comparison } from "./comparison.ts";
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
