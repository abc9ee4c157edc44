import assert from "node:assert/strict";
import { writeSafetensors } from "../../../core/formats/safetensors.ts";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { initialParameters } from "../../../core/models/parameters.ts";
import { plainPredict } from "../../../core/models/plain_network.ts";
import { DEFAULT_CONFIG, type TrainConfig } from "../../../protocol/mod.ts";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { StoredWeights } from "../../shared/wire/stored_models.ts";
import { Run } from "../run/run.ts";
import { LivePad } from "./live_pad.ts";

const config: TrainConfig = {
  ...DEFAULT_CONFIG,
  num_epochs: 2,
  batch_size: 64,
  hidden_layers_config: [],
};
const result = { type: "result", accuracy: 97, training_time: 3, model_id: "m1", run_id: "r1", device: "wasm" };

/** A 20×20 picture, with one stroke or blank. */
function page(isBlank = false): { toRaster(): Raster } {
  const data = new Uint8Array(400).fill(255);
  if (!isBlank) { for (let row = 5; row < 15; row++) data[row * 20 + 10] = 0; }
  return { toRaster: () => ({ width: 20, height: 20, channels: 1, data }) };
}

function setUp() {
  const lab = new FakeLab();
  const run = new Run(lab), livePad = new LivePad(run, new StoredWeights(lab));
  return { lab, run, livePad };
}

function start(lab: FakeLab, run: Run): void {
  run.start(config);
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r1", total_steps: 100 });
}

const guess = (step: number, digit: number) => (
  { type: "guess", step, probabilities: Array.from({ length: 10 }, (_, i) => i === digit ? 1 : 0) }
);

Deno.test("a drawing made before the training is sent as soon as it begins, as 784 bytes", async () => {
  const { lab, run, livePad } = setUp();
  await livePad.setDrawing(page());
  start(lab, run);
  const [sent, watch] = lab.socket.sent as { type: string; pixels: string }[];
  assert.deepEqual(sent, config as unknown);
  assert.equal(watch.type, "watch");
  assert.deepEqual(Uint8Array.fromBase64(watch.pixels), livePad.pixels.value);
  assert.equal(livePad.pixels.value?.length, 784);
});

Deno.test("the answer follows the training, and the drawing is sent again after a lost connection", async () => {
  const { lab, run, livePad } = setUp();
  start(lab, run);
  await livePad.setDrawing(page());
  assert.equal(livePad.answer.value, undefined);
  lab.socket.say(guess(4, 7));
  assert.deepEqual(livePad.answer.value, { probabilities: guess(4, 7).probabilities, step: 4 });
  lab.socket.say(guess(9, 2));
  assert.deepEqual(livePad.answer.value, { probabilities: guess(9, 2).probabilities, step: 9 });

  lab.replies.set("/api/runs", { status: 200, body: [{ id: "r1" }] });
  lab.socket.drop();
  await lab.fireTimer();
  lab.socket.open();
  assert.deepEqual(lab.socket.sent.map((message) => (message as { type: string }).type), ["watch"]);
});

Deno.test("clearing the pad or sending a blank drawing ends the answers", async () => {
  for (const clear of [(livePad: LivePad) => livePad.clear(), (livePad: LivePad) => livePad.setDrawing(page(true))]) {
    const { lab, run, livePad } = setUp();
    start(lab, run);
    await livePad.setDrawing(page());
    lab.socket.say(guess(4, 7));
    await clear(livePad);
    assert.deepEqual(lab.socket.sent.at(-1), { type: "watch", pixels: null });
    assert.deepEqual([livePad.answer.value, livePad.pixels.value], [undefined, undefined]);
  }
});

Deno.test("once the training is done, the stored weights answer further drawings", async () => {
  const { lab, run, livePad } = setUp();
  const spec = { modelType: "SimpleNN", hiddenLayers: [] } as const;
  const weights = initialParameters(spec, 1);
  const metadata = { model_type: "SimpleNN", hidden_layers_config: "[]", use_dropout: "false", dropout_p: "0.3" };
  lab.files.set("/api/models/m1/model.safetensors", writeSafetensors(weights, metadata));
  start(lab, run);
  await livePad.setDrawing(page());
  lab.socket.say(guess(100, 7), result);
  lab.socket.drop(1000);
  assert.deepEqual(livePad.answer.value, { probabilities: guess(100, 7).probabilities, step: undefined });

  await livePad.setDrawing(page());
  assert.deepEqual(livePad.answer.value, { probabilities: [...plainPredict(spec, weights, livePad.pixels.value!)] });

  livePad.forgetFinalAnswer();
  run.start(config);
  assert.equal(livePad.answer.value, undefined);
});

Deno.test("a network that answers NaN has diverged", async () => {
  const { lab, run, livePad } = setUp();
  start(lab, run);
  await livePad.setDrawing(page());
  lab.socket.say({ type: "guess", step: 3, probabilities: null });
  assert.deepEqual([livePad.hasDiverged.value, livePad.answer.value], [true, undefined]);
});
