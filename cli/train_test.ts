import assert from "node:assert/strict";
import { ProgressBar, progressLine } from "./train.ts";

const HALF = { step: 50, totalSteps: 100, loss: 0.25, imagesPerSecond: 61234, secondsLeft: 2.2 };

function terminal(isTerminal: boolean) {
  const written: string[] = [];
  return { isTerminal, write: (text: string) => void written.push(text), text: () => written.join("") };
}

Deno.test("the line shows share, step, loss, speed and time left", () => {
  assert.equal(
    progressLine(HALF),
    "[############------------]   50 %  step 50 of 100  loss 0.2500  61,234 images/s  3 s left",
  );
  assert.match(progressLine({ step: 1, totalSteps: 3, loss: null }), /\] {3}33 % {2}step 1 of 3 {2}loss is NaN$/);
});

Deno.test("a log line is written above the bar, which stays the last line", () => {
  const out = terminal(true), bar = new ProgressBar(out, 0);
  bar.log("Starting.");
  bar.show(HALF);
  bar.log("Epoch 1.");
  bar.end();
  const lines = out.text().split("\n");
  assert.deepEqual([lines[0], lines.at(-1)], ["Starting.", ""]);
  assert.ok(lines[1].endsWith("Epoch 1."));
  assert.ok(lines[2].startsWith("[####"));
});

Deno.test("without a terminal there are log lines but no bar", () => {
  const out = terminal(false), bar = new ProgressBar(out, 0);
  bar.show(HALF);
  bar.log("Epoch 1.");
  bar.show({ ...HALF, step: 100 });
  bar.end();
  assert.equal(out.text(), "Epoch 1.\n");
});
