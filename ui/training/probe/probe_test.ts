import assert from "node:assert/strict";
import { writeSafetensors } from "../../../core/formats/safetensors.ts";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { initialParameters } from "../../../core/models/parameters.ts";
import { plainPredict } from "../../../core/models/plain_network.ts";
import type { TrainConfig } from "../../../protocol/mod.ts";
import { FakeLab } from "../../shared/wire/fake_connection.ts";
import { StoredWeights } from "../../shared/wire/stored_weights.ts";
import { Run } from "../run.ts";
import { Probe } from "./probe.ts";

const config: TrainConfig = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 2,
  batch_size: 64,
  hidden_layers_config: [],
  use_dropout: false,
  dropout_p: 0.3,
};
const result = { type: "result", accuracy: 97, training_time: 3, model_id: "m1", run_id: "r1", device: "wasm" };

/** A page of 20 × 20 with one stroke, or none. */
function page(isBlank = false): { toRaster(): Raster } {
  const data = new Uint8Array(400).fill(255);
  if (!isBlank) { for (let row = 5; row < 15; row++) data[row * 20 + 10] = 0; }
  return { toRaster: () => ({ width: 20, height: 20, channels: 1, data }) };
}

function setUp() {
  const lab = new FakeLab();
  const run = new Run(lab), probe = new Probe(run, new StoredWeights(lab));
  return { lab, run, probe };
}

function start(lab: FakeLab, run: Run): void {
  run.start(config);
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r1", total_steps: 100 });
}

const guess = (step: number, digit: number) => (
  { type: "guess", step, probabilities: Array.from({ length: 10 }, (_, i) => i === digit ? 1 : 0) }
);

Deno.test("a drawing of before the training is asked about as soon as that begins, as 784 bytes", async () => {
  const { lab, run, probe } = setUp();
  await probe.drawn(page());
  start(lab, run);
  const [sent, watch] = lab.socket.sent as { type: string; pixels: string }[];
  assert.deepEqual(sent, config as unknown);
  assert.equal(watch.type, "watch");
  assert.deepEqual(Uint8Array.fromBase64(watch.pixels), probe.pixels.value);
  assert.equal(probe.pixels.value?.length, 784);
});

Deno.test("the answer follows the training step by step, and is asked for again after a lost connection", async () => {
  const { lab, run, probe } = setUp();
  start(lab, run);
  await probe.drawn(page());
  assert.equal(probe.answer.value, undefined);
  lab.socket.say(guess(4, 7));
  assert.deepEqual(probe.answer.value, { probabilities: guess(4, 7).probabilities, step: 4 });
  lab.socket.say(guess(9, 2));
  assert.deepEqual(probe.answer.value, { probabilities: guess(9, 2).probabilities, step: 9 });

  lab.replies.set("/api/runs", { status: 200, body: [{ id: "r1" }] });
  lab.socket.drop();
  await lab.passWait();
  lab.socket.open();
  assert.deepEqual(lab.socket.sent.map((message) => (message as { type: string }).type), ["watch"]);
});

Deno.test("clearing, and a blank page, ask for no more answers", async () => {
  for (const clear of [(probe: Probe) => probe.clear(), (probe: Probe) => probe.drawn(page(true))]) {
    const { lab, run, probe } = setUp();
    start(lab, run);
    await probe.drawn(page());
    lab.socket.say(guess(4, 7));
    await clear(probe);
    assert.deepEqual(lab.socket.sent.at(-1), { type: "watch", pixels: null });
    assert.deepEqual([probe.answer.value, probe.pixels.value], [undefined, undefined]);
  }
});

Deno.test("the finished model has the last word, and answers further drawings by its stored weights", async () => {
  const { lab, run, probe } = setUp();
  const spec = { modelType: "SimpleNN", hiddenLayers: [] } as const;
  const weights = initialParameters(spec, 1);
  const metadata = { model_type: "SimpleNN", hidden_layers_config: "[]", use_dropout: "false", dropout_p: "0.3" };
  lab.files.set("/api/models/m1/model.safetensors", writeSafetensors(weights, metadata));
  start(lab, run);
  await probe.drawn(page());
  lab.socket.say(guess(100, 7), result);
  lab.socket.drop(1000);
  assert.deepEqual(probe.answer.value, { probabilities: guess(100, 7).probabilities, step: undefined });

  await probe.drawn(page());
  assert.deepEqual(probe.answer.value, { probabilities: [...plainPredict(spec, weights, probe.pixels.value!)] });

  probe.forgetFinished();
  run.start(config);
  assert.equal(probe.answer.value, undefined);
});

Deno.test("a network whose numbers are lost is told as such", async () => {
  const { lab, run, probe } = setUp();
  start(lab, run);
  await probe.drawn(page());
  lab.socket.say({ type: "guess", step: 3, probabilities: null });
  assert.deepEqual([probe.isLost.value, probe.answer.value], [true, undefined]);
});
