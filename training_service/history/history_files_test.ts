import assert from "node:assert/strict";
import { decode } from "fast-png";
import { DEFAULT_CONFIG, type HistoryMessage } from "../../protocol/mod.ts";
import { formatTick, linearScale, roundStep } from "./chart/scale.ts";
import { drawCurve } from "./curve_png.ts";
import { historyCsv } from "../../lab/runs/history_csv.ts";
import { CONFIG } from "../testing.ts";

function historyOf(fields: Partial<HistoryMessage> = {}): HistoryMessage {
  const config = { ...DEFAULT_CONFIG, ...CONFIG, hidden_layers_config: [16] };
  return {
    type: "history",
    run: { id: "run_1", state: "done", config, created: 1, step: 40, total_steps: 40 },
    losses: [[1, 2.3], [10, 1.5], [20, 1], [30, null], [40, 0.5]],
    logs: [
      { type: "log", message: "Starting." },
      { type: "log", message: "Epoch 1", epoch: 1, mean_loss: 1.6, accuracy: 90.5, seconds: 2.5 },
      { type: "log", message: "Epoch 2", epoch: 2, mean_loss: null, accuracy: 95, seconds: 5 },
    ],
    ...fields,
  };
}

/** How many pixels fulfil `test`, within columns `from` to `to`. */
function count(png: Uint8Array, test: (r: number, g: number, b: number) => boolean, from = 0, to = 1000): number {
  const { width, height, data } = decode(png);
  let found = 0;
  for (let y = 0; y < height; y++) {
    for (let x = from; x < to; x++) {
      const at = (y * width + x) * 3;
      if (test(data[at], data[at + 1], data[at + 2])) found++;
    }
  }
  return found;
}

const isLoss = (r: number, g: number, b: number) => r === 37 && g === 99 && b === 235;
const isAccuracy = (r: number, g: number, b: number) => r === 194 && g === 65 && b === 12;

Deno.test("the table has each loss and each epoch's end; what is unknown or no number is empty", () => {
  assert.equal(
    historyCsv(historyOf({ losses: [[1, 2.3], [10, null], [40, 0.5]] })),
    [
      "step,epoch,loss,mean_loss,test_accuracy,seconds",
      "1,1,2.3,,,",
      "10,1,,,,",
      "20,1,,1.6,90.5,2.5",
      "40,2,0.5,,95,5",
      "",
    ].join("\r\n"),
  );
});

Deno.test("the picture has losses, accuracies and axes with numbers", () => {
  const png = drawCurve(historyOf());
  const { width, height, channels } = decode(png);
  assert.deepEqual([width, height, channels], [1000, 520, 3]);
  assert(count(png, isLoss, 90, 900) > 300, "a strong curve");
  assert(count(png, isLoss, 0, 78) > 50, "numbers at the left axis");
  assert(count(png, isAccuracy, 915) > 50, "numbers at the right axis");
  assert(count(png, isAccuracy, 480, 910) > 300, "a line from the first epoch to the last");
});

Deno.test("runs with nothing to show, one loss, no number at all, or huge ones are drawn too", () => {
  const { run } = historyOf();
  const cases: Partial<HistoryMessage>[] = [
    { losses: [], logs: [] },
    { losses: [[1, 2.3]], logs: [] },
    { losses: [[1, null], [10, null]], logs: [] },
    { losses: [[1, 0], [10, 0]], logs: [] },
    { losses: [[1, 1e38], [10, -1e38], [20, 1e-38]] },
    {
      logs: [{ type: "log", message: "", epoch: 1, accuracy: 100 }, {
        type: "log",
        message: "",
        epoch: 2,
        accuracy: 0,
      }],
    },
    { run: { ...run, total_steps: 0, step: 0 }, losses: [], logs: [] },
    { run: { ...run, config: { ...run.config, hidden_layers_config: new Array(8).fill(2048) } } },
  ];
  for (const fields of cases) assert.equal(decode(drawCurve(historyOf(fields))).width, 1000, JSON.stringify(fields));
});

Deno.test("ticks are round numbers within the axis, told apart by their decimals", () => {
  const { ticks, place } = linearScale([0, 2.42], [100, 0], 6);
  assert.deepEqual(ticks.map((tick) => formatTick(tick, ticks)), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
  assert.deepEqual([place(0), place(2.42), place(1.21), place(99)], [100, 0, 50, 0]);
  assert.deepEqual([0.011, 0.3, 1, 7, 250].map(roundStep), [0.02, 0.5, 1, 10, 500]);
  const percent = linearScale([98.4, 100], [0, 1], 5).ticks;
  assert.deepEqual(percent.map((tick) => formatTick(tick, percent)), ["98.5", "99.0", "99.5", "100.0"]);
});
