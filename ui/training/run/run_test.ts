import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type HistoryMessage, type RunState, type TrainConfig } from "../../../protocol/mod.ts";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { Run } from "./run.ts";
import { describeRun } from "./run_words.ts";

const config: TrainConfig = {
  ...DEFAULT_CONFIG,
  num_epochs: 2,
  batch_size: 64,
  hidden_layers_config: [16],
};
const accepted = { type: "accepted", run_id: "r1", total_steps: 1876 };
const existing = { id: "old", accuracy: 97, training_time: 2, timestamp: 1 };
const result = { type: "result", accuracy: 97.5, training_time: 3, model_id: "m1", run_id: "r1", device: "wasm" };

const loss = (step: number, extra = {}) => ({ type: "loss", step, loss: 1, epoch: 1, total_steps: 1876, ...extra });

function history(state: RunState, extra: Partial<HistoryMessage> = {}): HistoryMessage {
  return {
    type: "history",
    run: { id: "r1", state, config, created: 0, step: 1000, total_steps: 1876 },
    losses: [[1, 2.3], [10, 2], [1000, 0.3]],
    logs: [{ type: "log", message: "Training." }],
    ...extra,
  };
}

function started(): { lab: FakeLab; run: Run } {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.start(config);
  lab.socket.open();
  lab.socket.say(accepted);
  return { lab, run };
}

function listRun(lab: FakeLab, ...ids: string[]): void {
  lab.replies.set("/api/runs", { status: 200, body: ids.map((id) => ({ id })) });
}

Deno.test("a socket that is still connecting is closed when another run starts", () => {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.follow("r1");
  run.abort();
  assert.deepEqual(lab.socket.sent, [], "there is no connection yet");
  run.start(config);
  assert.deepEqual(lab.sockets.map(({ closedByPage }) => closedByPage), [true, false]);
  lab.sockets[0].drop();
  lab.socket.open();
  assert.deepEqual([run.phase.value, lab.socket.sent], ["starting", [config]]);
});

Deno.test("a training run is followed from the first loss to its result", () => {
  const { lab, run } = started();
  assert.deepEqual([lab.socket.path, lab.socket.sent], ["/ws/train", [config]]);
  lab.socket.say(
    { type: "log", message: "Training." },
    loss(1),
    loss(10, { images_per_second: 5000, seconds_left: 9 }),
  );
  assert.equal(run.phase.value, "running");
  assert.equal(describeRun(run), "Training: epoch 1 of 2.");
  assert.deepEqual([run.step.value, run.imagesPerSecond.value, run.secondsLeft.value], [10, 5000, 9]);
  lab.socket.say({ type: "log", message: "Epoch 1", epoch: 1, accuracy: 95 }, loss(1876, { epoch: 2 }));
  assert.equal(run.accuracy.value, 95);
  assert.match(describeRun(run), /Checking/);
  lab.socket.say(result);
  lab.socket.drop(1000);
  assert.equal(run.phase.value, "done");
  assert.match(describeRun(run), /97\.50 %/);
  assert.deepEqual(run.logs.value, ["Training.", "Epoch 1"]);
  assert.deepEqual(run.losses.steps, [1, 10, 1876]);
});

Deno.test("each epoch's accuracy is kept once, whether live or from a history", () => {
  const epochs = [1, 2].map((epoch) => ({
    type: "log" as const,
    message: `Epoch ${epoch}`,
    epoch,
    accuracy: 94 + epoch,
    mean_loss: 1 / epoch,
  }));
  const expected = [{ epoch: 1, accuracy: 95, meanLoss: 1 }, { epoch: 2, accuracy: 96, meanLoss: 0.5 }];
  const { lab, run } = started();
  lab.socket.say(epochs[0], loss(1000), epochs[0], epochs[1]);
  assert.deepEqual(run.epochs.value, expected);
  run.follow("r1");
  assert.deepEqual(run.epochs.value, []);
  lab.socket.open();
  lab.socket.say(history("running", { logs: [{ type: "log", message: "Training.", device: "wasm" }, ...epochs] }));
  assert.deepEqual(run.epochs.value, expected);
});

Deno.test("the speed is the current one during training, and the run's mean at its end and in a history", () => {
  const { lab, run } = started();
  lab.socket.say(loss(10, { images_per_second: 5000, mean_images_per_second: 4000 }));
  assert.equal(run.imagesPerSecond.value, 5000);
  lab.socket.say(result);
  assert.equal(run.imagesPerSecond.value, 4000);
  run.follow("r1");
  lab.socket.open();
  const { run: summary } = history("done");
  lab.socket.say(
    history("done", { run: { ...summary, images_per_second: 4100 }, end: result as HistoryMessage["end"] }),
  );
  assert.equal(run.imagesPerSecond.value, 4100);
});

Deno.test("the device is shown as soon as it is known", () => {
  const { lab, run } = started();
  assert.equal(run.device.value, undefined);
  lab.socket.say({ type: "log", message: "Training on WebGPU.", device: "webgpu" }, loss(1));
  assert.equal(run.device.value, "webgpu");
});

Deno.test("the progress of an epoch begins at 0 with each epoch", () => {
  const { lab, run } = started();
  assert.equal(run.epochProgress.value, undefined);
  lab.socket.say(loss(938));
  assert.deepEqual(run.epochProgress.value, { done: 938, steps: 938 });
  lab.socket.say(loss(940, { epoch: 2 }));
  assert.deepEqual(run.epochProgress.value, { done: 2, steps: 938 });
});

Deno.test("all losses that the service merged into one message are drawn", () => {
  const { lab, run } = started();
  lab.socket.say(loss(30, { losses: [[10, 2], [20, 1.5], [30, 1]] }));
  assert.deepEqual([run.losses.steps, run.losses.losses], [[10, 20, 30], [2, 1.5, 1]]);
});

Deno.test("losses that are no longer numbers leave a gap in the curve, live and in a history", () => {
  const { lab, run } = started();
  lab.socket.say(loss(1), loss(20, { loss: null, losses: [[10, null], [20, null]] }));
  assert.deepEqual([run.losses.steps, run.losses.losses], [[1, 10, 20], [1, null, null]]);
  assert.equal(run.losses.diverged, true);
  lab.socket.say({ ...history("running"), losses: [[1, 2], [10, null]] });
  assert.deepEqual(run.losses.losses, [2, null]);
});

Deno.test("keeping the existing model ends the run without training", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "exists", message: "", existing });
  assert.equal(run.phase.value, "asking");
  run.answerOverwrite(false);
  lab.socket.say({ type: "log", message: "The existing model is kept." });
  lab.socket.drop(1000);
  assert.deepEqual(lab.socket.sent.slice(1), [{ type: "overwrite", value: false }]);
  assert.equal(run.phase.value, "kept");
});

Deno.test("if nobody answers the question, the model is kept as well", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "exists", message: "", existing });
  lab.socket.drop(1000);
  assert.equal(run.phase.value, "kept");
  assert.equal(run.existing.value, undefined);
});

Deno.test("overwriting continues with the training, and the question disappears once the run has moved on", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "exists", message: "", existing });
  run.answerOverwrite(true);
  lab.socket.say(loss(1));
  run.answerOverwrite(false);
  assert.deepEqual(lab.socket.sent.slice(1), [{ type: "overwrite", value: true }]);
  assert.equal(run.phase.value, "running");
});

Deno.test("a queued run shows its position until it begins", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "log", message: "Queued", place: 2 });
  assert.match(describeRun(run), /position 2/);
  lab.socket.say({ type: "log", message: "Queued", place: 1, after: "SimpleNN [128] from another address" });
  assert.equal(describeRun(run), "Waiting: position 1 in the queue, after SimpleNN [128] from another address.");
  lab.socket.say({ type: "log", message: "Training." });
  assert.equal(run.phase.value, "starting");
});

Deno.test("abort is sent at once, and late losses do not revoke it", () => {
  const { lab, run } = started();
  lab.socket.say(loss(1));
  run.abort();
  lab.socket.say(loss(10));
  assert.equal(run.phase.value, "stopping");
  assert.deepEqual(lab.socket.sent.slice(1), [{ type: "abort" }]);
  lab.socket.say({ type: "aborted", message: "Training aborted by user.", step: 38 });
  assert.equal(run.step.value, 38, "more steps were done than losses reported");
  assert.equal(describeRun(run), "Training aborted by user. No model was stored.");
});

Deno.test("an abort before the connection is open is sent after the configuration", () => {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.start(config);
  run.abort();
  lab.socket.open();
  assert.deepEqual(lab.socket.sent, [config, { type: "abort" }]);
});

Deno.test("a refused training gives the service's reason", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "error", message: "num_epochs must be a whole number from 1 to 200, got 0" });
  lab.socket.drop(1008);
  assert.equal(run.phase.value, "failed");
  assert.match(describeRun(run), /num_epochs must be/);
});

Deno.test("an unreachable service is reported as the reason", () => {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.start(config);
  lab.socket.drop();
  assert.equal(run.phase.value, "failed");
  assert.match(describeRun(run), /cannot be reached/);
});

Deno.test("after a lost connection the run is found again, with growing delays and all its losses", async () => {
  const { lab, run } = started();
  lab.socket.say(loss(1));
  lab.socket.drop();
  assert.match(describeRun(run), /Connection lost/);
  const delays = [await lab.fireTimer(), await lab.fireTimer(), await lab.fireTimer()];
  assert.ok(delays[0] < delays[1] && delays[1] < delays[2], String(delays));
  listRun(lab, "r1");
  await lab.fireTimer();
  assert.equal(lab.socket.path, "/ws/runs/r1");
  lab.socket.open();
  lab.socket.say(history("running"), loss(1010, { epoch: 2 }));
  assert.equal(run.connected.value, true);
  assert.equal(describeRun(run), "Training: epoch 2 of 2.");
  assert.deepEqual(run.losses.steps, [1, 10, 1000, 1010]);
});

Deno.test("an abort without a connection is sent after reconnecting", async () => {
  const { lab, run } = started();
  lab.socket.drop();
  run.abort();
  listRun(lab, "r1");
  await lab.fireTimer();
  lab.socket.open();
  lab.socket.say(history("running"));
  assert.equal(run.phase.value, "stopping");
  assert.deepEqual(lab.socket.sent, [{ type: "abort" }]);
});

Deno.test("a run that the lab has forgotten fails with an explanation", async () => {
  const { lab, run } = started();
  lab.socket.drop();
  listRun(lab, "another");
  await lab.fireTimer();
  assert.equal(run.phase.value, "failed");
  assert.match(describeRun(run), /no longer knows this run/);
});

Deno.test("the history of an ended run includes its end", () => {
  for (
    const [message, phase] of [
      [history("done", { end: result as HistoryMessage["end"] }), "done"],
      [history("aborted", { end: { type: "aborted", message: "Aborted." } }), "aborted"],
      [history("failed", { end: { type: "error", message: "Out of memory." } }), "failed"],
      [history("kept"), "kept"],
    ] as const
  ) {
    const lab = new FakeLab();
    const run = new Run(lab);
    run.follow("r1");
    lab.socket.open();
    lab.socket.say(message);
    assert.equal(run.phase.value, phase);
    lab.socket.drop(1000);
    assert.equal(run.phase.value, phase);
  }
});

Deno.test("messages and fields that the page does not know are ignored", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "weather", sunny: true }, loss(1, { mood: "good" }));
  assert.equal(run.phase.value, "running");
});

Deno.test("a new training keeps nothing from the previous one", () => {
  const { lab, run } = started();
  const first = lab.socket;
  first.say(loss(1), result);
  run.start(config);
  first.say(loss(500));
  first.drop();
  assert.ok(first.closedByPage);
  assert.equal(run.phase.value, "starting");
  assert.deepEqual([run.result.value, run.accuracy.value, run.step.value, run.losses.steps], [
    undefined,
    undefined,
    0,
    [],
  ]);
});

Deno.test("an aborted run resumes where it stopped, with its curve and its log", () => {
  const { lab, run } = started();
  lab.socket.say({ type: "log", message: "Training." }, loss(1), loss(10));
  run.abort();
  lab.socket.say({ type: "aborted", message: "Training aborted by user.", resume: "r1" });
  lab.socket.drop(1000);
  assert.equal(run.resumable.value, "r1");
  assert.match(describeRun(run), /can continue where it stopped/);
  run.resume();
  run.resume();
  assert.equal(lab.sockets.length, 2);
  lab.socket.open();
  assert.deepEqual([lab.socket.path, lab.socket.sent], ["/ws/train", [{ resume: "r1" }]]);
  lab.socket.say({ ...accepted, run_id: "r2" }, { type: "log", message: "Going on." }, loss(20));
  assert.deepEqual([run.id.value, run.phase.value, run.resumable.value], ["r2", "running", undefined]);
  assert.deepEqual(run.losses.steps, [1, 10, 20]);
  assert.deepEqual(run.logs.value, ["Training.", "Going on."]);
  assert.deepEqual(run.config.value, config);
});

Deno.test("a snapshot that is saved after the abort was reported is found a little later", async () => {
  const { lab, run } = started();
  lab.socket.say(loss(10), { type: "aborted", message: "Aborted." });
  lab.socket.drop(1000);
  assert.equal(run.resumable.value, undefined);
  lab.replies.set("/api/runs", { status: 200, body: [{ id: "r1", resume: "r1" }] });
  await lab.fireTimer();
  assert.equal(run.resumable.value, "r1");
});

Deno.test("a history says whether its run can be resumed, and a refusal to resume gives the lab's reason", () => {
  const lab = new FakeLab();
  const run = new Run(lab);
  run.follow("r1");
  lab.socket.open();
  const { run: summary } = history("aborted");
  const end = { type: "aborted", message: "Aborted.", resume: "r1" } as const;
  lab.socket.say(history("aborted", { run: summary, end }));
  assert.equal(run.resumable.value, undefined, "its snapshot is gone by now");
  run.resume();
  assert.equal(lab.sockets.length, 1);
  lab.socket.say(history("failed", { run: { ...summary, resume: "r1" }, end: { type: "error", message: "Stopped." } }));
  run.resume();
  lab.socket.open();
  lab.socket.say({ type: "error", message: "Another training run goes on with the run r1 already." });
  lab.socket.drop(1000);
  assert.equal(run.phase.value, "failed");
  assert.match(describeRun(run), /Another training run goes on/);
});
