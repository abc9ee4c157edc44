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
  const modelImport = new ModelImport(lab, () => stored++);
  return { lab, modelImport, storedTimes: () => stored, phase: (): string => modelImport.state.value.phase };
}

Deno.test("an imported model is shown with its accuracy, and the list is refreshed", async () => {
  const { lab, modelImport, storedTimes } = open();
  lab.replies.set("/api/models", { status: 201, body: record });
  await modelImport.start(file);
  assert.deepEqual(modelImport.state.value, {
    phase: "done",
    words:
      "Imported: SimpleNN (16), Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout. It recognises 93.20 % of the test digits.",
  });
  assert.equal(storedTimes(), 1);
  const { file: sent, ...fields } = lab.requests[0].post as { file: File };
  assert.equal(await sent.text(), "weights");
  assert.equal(sent.name, "mine.pth");
  assert.deepEqual(fields, {});
});

Deno.test("the user's information about the training is sent once, and missing information is shown as unknown", async () => {
  const { lab, modelImport } = open();
  const assumed = ["learning_rate", "batch_size", "num_epochs", "activation"];
  lab.replies.set("/api/models", { status: 201, body: { ...record, optimizer: "SGD", assumed } });
  modelImport.past.optimizer!.text.value = "SGD";
  modelImport.past.num_epochs!.text.value = " 3 ";
  await modelImport.start(file);
  const { file: _, ...fields } = lab.requests[0].post as Record<string, unknown>;
  assert.deepEqual(fields, { optimizer: "SGD", num_epochs: "3" });
  assert.equal(
    (modelImport.state.value as { words: string }).words,
    "Imported: SimpleNN (16), SGD, learning rate unknown, batch size unknown, epochs unknown, no dropout, activation " +
      "unknown. It recognises 93.20 % of the test digits. The file does not say its activation: assumed relu. If it " +
      "has another, import it again with that. The drawing page finds it by learning rate 0.001, batch size 64, 5 epochs, " +
      "unless another model was trained like that.",
  );
  await modelImport.start(file);
  assert.deepEqual(Object.keys(lab.requests[1].post as object), ["file"]);
  modelImport.past.batch_size!.text.value = "many";
  assert.equal(modelImport.past.batch_size!.error.value, "must be a whole number from 1 to 2048");
});

Deno.test("assumptions made to read a file are shown next to its accuracy", async () => {
  const { lab, modelImport } = open();
  const body = { ...record, assumed_order: ["second", "third"], assumed_state_dict: "ema.model" };
  lab.replies.set("/api/models", { status: 201, body });
  await modelImport.start(file);
  const { words } = modelImport.state.value as { words: string };
  assert.match(
    words,
    /test digits\. The file does not say in which order its layers come: assumed second → third, which/,
  );
  assert.match(words, /The file holds several models: took “ema\.model”, which recognises most\.$/);
});

Deno.test("a stored model of the same configuration is replaced only on request", async () => {
  const { lab, modelImport, storedTimes, phase } = open();
  lab.replies.set("/api/models", { status: 409, body: { error: "stored already", existing: record } });
  await modelImport.start(file);
  assert.equal(phase(), "exists");
  assert.equal(storedTimes(), 0);
  modelImport.dismiss();
  assert.equal(phase(), "idle");
  await modelImport.replace();
  assert.equal(lab.requests.length, 1, "after «Keep it» nothing is replaced");

  await modelImport.start(file);
  lab.replies.set("/api/models", { status: 201, body: record });
  await modelImport.replace();
  assert.equal(phase(), "done");
  assert.equal((lab.requests[2].post as { overwrite: string }).overwrite, "true");
});

Deno.test("a faulty file is reported with the service's message, and an unreachable lab is reported, too", async () => {
  const { lab, modelImport } = open();
  await modelImport.start(file);
  assert.deepEqual(modelImport.state.value, {
    phase: "failed",
    words: "The lab could not be reached. Nothing was stored.",
  });
  lab.replies.set("/api/models", { status: 400, body: { error: "mine.pth is not a zip file" } });
  await modelImport.start(file);
  assert.deepEqual(modelImport.state.value, { phase: "failed", words: "mine.pth is not a zip file" });
});
