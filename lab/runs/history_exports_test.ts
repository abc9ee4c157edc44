import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type HistoryMessage } from "../../protocol/mod.ts";
import { curveSvg, formatTick, historyCsv, linearScale, roundStep } from "./history_exports.ts";

function historyOf(fields: Partial<HistoryMessage> = {}): HistoryMessage {
  const config = { ...DEFAULT_CONFIG, num_epochs: 2, batch_size: 100, hidden_layers_config: [16] };
  return {
    type: "history",
    run: {
      id: "run_1",
      state: "done",
      config,
      created: 1,
      step: 40,
      total_steps: 40,
    },
    losses: [[1, 2.3], [10, 1.5], [20, 1], [30, null], [40, 0.5]],
    logs: [
      { type: "log", message: "Starting." },
      { type: "log", message: "Epoch 1", epoch: 1, mean_loss: 1.6, accuracy: 90.5, seconds: 2.5 },
      { type: "log", message: "Epoch 2", epoch: 2, mean_loss: null, accuracy: 95, seconds: 5 },
    ],
    ...fields,
  };
}

/** The numbers of a path's points: `[x, y, x, y, …]`. */
function pointsOf(svg: string, kind: string): number[] {
  const path = new RegExp(`<path class="${kind}" [^>]*stroke-linejoin[^>]* d="M([^"]*)"`).exec(svg)?.[1];
  return path?.split(/[ L]/).map(Number) ?? [];
}

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
}

/** Fails if a bracket, a quote or an element is left open. */
function assertWellFormed(svg: string) {
  const open: string[] = [];
  const rest = svg.replaceAll(/<(\/?)(\w+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g, (_, closing, name, _attributes, empty) => {
    if (closing) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
    return "";
  });
  assert.deepEqual(open, []);
  assert.ok(!/[<>]|NaN|Infinity|undefined/.test(rest) && !/NaN|Infinity|undefined/.test(svg), svg);
}

Deno.test("the table has each loss and each epoch's end; unknown values and NaN are empty", () => {
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

Deno.test("the picture has a title, a legend, losses, accuracies, and axes with numbers", () => {
  const svg = curveSvg(historyOf());
  assertWellFormed(svg);
  const texts = textsOf(svg);
  for (const text of ["SimpleNN [16], Adam 0.001, batch 100", "loss", "running mean", "test accuracy, last 95.00 %"]) {
    assert.ok(texts.includes(text), text);
  }
  // On the left, below, and on the right.
  for (const tick of ["0.5", "2.0", "40", "90 %", "100 %"]) assert.ok(texts.includes(tick), `${tick} in ${texts}`);
  const losses = pointsOf(svg, "losses");
  assert.equal(losses.length, 2 * 4, "one point for each loss that is a number");
  assert.deepEqual([losses[0], losses.at(-2)], [101, 920], "from the first step to the last");
  assert.ok(losses[1] < losses.at(-1)!, "the loss falls");
  assert.equal(pointsOf(svg, "loss").length, losses.length);
  const accuracies = pointsOf(svg, "accuracy");
  assert.deepEqual([accuracies[0], accuracies[2]], [500, 920], "after each epoch");
  assert.ok(accuracies[1] > accuracies[3], "the accuracy rises");
});

Deno.test("the picture has dark colours for viewers who prefer them", () => {
  assert.match(curveSvg(historyOf()), /@media \(prefers-color-scheme: dark\) \{[^]*\.paper \{ fill: #0b0d10; \}/);
});

Deno.test("a long run is drawn with a limited number of points", () => {
  const { run } = historyOf();
  const losses = Array.from({ length: 20_000 }, (_, i): [number, number] => [i + 1, 1 / (i + 1)]);
  const svg = curveSvg(historyOf({ run: { ...run, total_steps: 20_000 }, losses }));
  assert.ok(pointsOf(svg, "losses").length <= 4000 && svg.length < 100_000, `${svg.length}`);
});

Deno.test("text from a file cannot break out of the picture's markup", () => {
  const { run } = historyOf();
  const optimizer = `</title><script>alert("&")</script>` as "Adam";
  const svg = curveSvg(historyOf({ run: { ...run, config: { ...run.config, optimizer } } }));
  assertWellFormed(svg);
  assert.ok(!svg.includes("<script"));
});

Deno.test("runs with nothing to show, one loss, only NaN, or huge losses can be drawn, too", () => {
  const { run } = historyOf();
  const log = (epoch: number, accuracy: number) => ({ type: "log", message: "", epoch, accuracy }) as const;
  const cases: Partial<HistoryMessage>[] = [
    { losses: [], logs: [] },
    { losses: [[1, 2.3]], logs: [] },
    { losses: [[1, null], [10, null]], logs: [] },
    { losses: [[1, 0], [10, 0]], logs: [] },
    { losses: [[1, 1e38], [10, -1e38], [20, 1e-38]] },
    { logs: [log(1, 100), log(2, 0)] },
    { run: { ...run, total_steps: 0, step: 0 }, losses: [], logs: [] },
    { run: { ...run, config: { ...run.config, hidden_layers_config: new Array(8).fill(2048) } } },
  ];
  for (const fields of cases) assertWellFormed(curveSvg(historyOf(fields)));
});

Deno.test("ticks are round numbers within the axis, with enough decimals to distinguish them", () => {
  const { ticks, at } = linearScale([0, 2.42], [100, 0], 6);
  assert.deepEqual(ticks.map((tick) => formatTick(tick, ticks)), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
  assert.deepEqual([at(0), at(2.42), at(1.21), at(99)], [100, 0, 50, 0]);
  assert.deepEqual([0.011, 0.3, 1, 7, 250].map(roundStep), [0.02, 0.5, 1, 10, 500]);
  const percent = linearScale([98.4, 100], [0, 1], 5).ticks;
  assert.deepEqual(percent.map((tick) => formatTick(tick, percent)), ["98.5", "99.0", "99.5", "100.0"]);
});
