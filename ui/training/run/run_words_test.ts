import assert from "node:assert/strict";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { describeCurves } from "./run_words.ts";
import { Run } from "./run.ts";

function describe(losses: [number, number | null][], accuracies: number[] = []): string {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.follow("r1");
  lab.socket.open();
  const logs = accuracies.map((accuracy, i) => ({ type: "log", message: "", epoch: i + 1, accuracy, mean_loss: 1 }));
  const config = { num_epochs: 3 };
  const step = losses.at(-1)?.[0] ?? 0;
  lab.socket.say({ type: "history", run: { id: "r1", state: "running", config, step, total_steps: 99 }, losses, logs });
  return describeCurves(run);
}

Deno.test("before the first loss there is nothing to describe", () => {
  assert.equal(describe([]), "");
});

Deno.test("the loss is described from its first value to its latest mean", () => {
  assert.equal(describe([[1, 2.31]]), "The first loss is 2.31.");
  assert.match(
    describe([[1, 2.31], [10, 1], [1_200, 0.01]]),
    /^In 1,200 steps the loss fell from 2\.31 to \d\.\d\d\.$/,
  );
  assert.match(describe([[1, 2.3], [10, 4], [20, 5]]), /rose from 2\.30/);
});

Deno.test("a loss of NaN is described as a divergence", () => {
  assert.equal(
    describe([[1, 2], [20, null]]),
    "After 20 steps the loss is no longer a number (NaN): the training diverged.",
  );
});

Deno.test("the description of accuracies includes the best one", () => {
  assert.match(describe([[1, 2]], [95]), /Test accuracy is 95\.00 % after epoch 1\.$/);
  assert.match(
    describe([[1, 2]], [95, 97, 96.5]),
    /95\.00 % after epoch 1 to 96\.50 % after epoch 3 \(best 97\.00 % after/,
  );
  assert.match(describe([[1, 2]], [95, 97]), /to 97\.00 % after epoch 2 \(the best so far\)\.$/);
});
