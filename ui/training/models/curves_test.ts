import assert from "node:assert/strict";
import type { HistoryMessage } from "../../../protocol/mod.ts";
import { curvesOf, heightAt, onCommonEpochs } from "./curves.ts";
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

Deno.test("losses lie over epochs, whatever the batch size, and each epoch has its accuracy once", () => {
  const { loss, accuracy } = curvesOf(history({
    losses: [[10, 2], [20, 2], [40, 2]],
    logs: [
      { type: "log", message: "began" },
      { type: "log", message: "epoch 2", epoch: 2, accuracy: 94 },
      { type: "log", message: "epoch 1", epoch: 1, accuracy: 90 },
      { type: "log", message: "epoch 2 after going on", epoch: 2, accuracy: 95 },
    ],
  }));
  assert.deepEqual(loss, { epochs: [0.5, 1, 2], values: [2, 2, 2] });
  assert.deepEqual(accuracy, { epochs: [1, 2], values: [90, 95] });
});

Deno.test("between its points a curve is straight, beyond its ends and in its gaps there is nothing", () => {
  const curve = { epochs: [1, 2, 4, 5], values: [10, 20, 40, null] };
  const heights = [[0.9, null], [1, 10], [1.5, 15], [2, 20], [3, 30], [4, 40], [4.5, null], [5, null], [5.1, null]];
  for (const [epoch, height] of heights) assert.equal(heightAt(curve, epoch!), height, `at ${epoch}`);
  assert.equal(heightAt({ epochs: [], values: [] }, 1), null);
});

Deno.test("curves of different lengths come to lie over each other", () => {
  const long = { epochs: [1, 2, 3], values: [1, 2, 3] }, short = { epochs: [1.5, 2.5], values: [0, 1] };
  assert.deepEqual(onCommonEpochs([long, short]), [
    [1, 1.5, 2, 2.5, 3],
    [1, 1.5, 2, 2.5, 3],
    [null, 0, 0.5, 1, null],
  ]);
});
