import assert from "node:assert/strict";
import type { HistoryMessage } from "../../../protocol/mod.ts";
import { curvesOf, onCommonEpochs, valueAt } from "./curves.ts";
import { modelRecord } from "./records_testing.ts";

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
