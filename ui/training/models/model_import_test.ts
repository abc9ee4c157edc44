import assert from "node:assert/strict";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { ModelImport } from "./model_import.ts";

const record = {
  id: "model_simplenn_adam_5",
  filename: "model_simplenn_adam_5.pth",
  timestamp: 5,
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  batch_size: 64,
  num_epochs: 5,
  hidden_layers_config: [16],
  use_dropout: false,
  dropout_p: 0.3,
  accuracy: 93.2,
  training_time: 0,
};
const file = new File(["weights"], "mine.pth");

function open() {
  const lab = new FakeLab();
  let stored = 0;
  const bringIn = new ModelImport(lab, () => stored++);
  return { lab, bringIn, storedTimes: () => stored, phase: (): string => bringIn.state.value.phase };
}

Deno.test("a model that is brought in is told with its accuracy, and the list is asked for anew", async () => {
  const { lab, bringIn, storedTimes } = open();
  lab.replies.set("/api/models", { status: 201, body: record });
  await bringIn.bringIn(file);
  assert.deepEqual(bringIn.state.value, {
    phase: "done",
    words:
      "Stored: SimpleNN (16), Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout. It reads 93.20 % of the test digits.",
  });
  assert.equal(storedTimes(), 1);
  const { file: sent, ...fields } = lab.requests[0].post as { file: File };
  assert.equal(await sent.text(), "weights");
  assert.equal(sent.name, "mine.pth");
  assert.deepEqual(fields, {});
});

Deno.test("a stored model of the same configuration is replaced only when asked", async () => {
  const { lab, bringIn, storedTimes, phase } = open();
  lab.replies.set("/api/models", { status: 409, body: { error: "stored already", existing: record } });
  await bringIn.bringIn(file);
  assert.equal(phase(), "exists");
  assert.equal(storedTimes(), 0);
  bringIn.dismiss();
  assert.equal(phase(), "idle");
  await bringIn.replace();
  assert.equal(lab.requests.length, 1, "after «Keep it» nothing is replaced");

  await bringIn.bringIn(file);
  lab.replies.set("/api/models", { status: 201, body: record });
  await bringIn.replace();
  assert.equal(phase(), "done");
  assert.equal((lab.requests[2].post as { overwrite: string }).overwrite, "true");
});

Deno.test("what is wrong with a file is told in the service's words, and a lab out of reach as such", async () => {
  const { lab, bringIn } = open();
  await bringIn.bringIn(file);
  assert.deepEqual(bringIn.state.value, {
    phase: "failed",
    words: "The lab could not be reached. Nothing was stored.",
  });
  lab.replies.set("/api/models", { status: 400, body: { error: "mine.pth is not a zip file" } });
  await bringIn.bringIn(file);
  assert.deepEqual(bringIn.state.value, { phase: "failed", words: "mine.pth is not a zip file" });
});
