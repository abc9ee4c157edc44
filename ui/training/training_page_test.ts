import assert from "node:assert/strict";
import type { RunState, RunSummary } from "../../protocol/mod.ts";
import { FakeLab, settled } from "../shared/wire/fake_lab_testing.ts";
import { TrainingPage } from "./training_page.ts";
import { modelRecord } from "./models/records_testing.ts";

const summary = (id: string, state: RunState): RunSummary => ({
  id,
  state,
  config: {
    model_type: "ConvNN",
    optimizer: "SGD",
    learning_rate: 0.05,
    num_epochs: 3,
    batch_size: 128,
    hidden_layers_config: [32],
    use_dropout: true,
    dropout_p: 0.3,
  },
  created: 0,
  step: 0,
  total_steps: 100,
});

async function opened(search: string, runs: RunSummary[] = []): Promise<{ lab: FakeLab; model: TrainingPage }> {
  const lab = new FakeLab();
  lab.replies.set("/api/runs", { status: 200, body: runs });
  const model = new TrainingPage(lab);
  await model.open(search);
  return { lab, model };
}

Deno.test("a reload finds the run that the address names, ended or not", async () => {
  const { lab, model } = await opened("?epochs=7&run=r1", [summary("r2", "running"), summary("r1", "done")]);
  assert.deepEqual(lab.sockets.map((socket) => socket.path), ["/ws/runs/r1"]);
  assert.equal(model.form.fields.num_epochs.text.value, "7");
});

Deno.test("a fresh page finds the newest run under way and shows its settings", async () => {
  const { lab, model } = await opened("", [summary("r3", "done"), summary("r2", "running"), summary("r1", "queued")]);
  assert.equal(lab.socket.path, "/ws/runs/r2");
  assert.deepEqual(model.form.config.value?.hidden_layers_config, [32]);
  assert.equal(model.form.config.value?.learning_rate, 0.05);
});

Deno.test("settings in the address win over those of a run found under way, which does not bar a training", async () => {
  const { lab, model } = await opened("?model_type=SimpleNN&hidden_layers_config=16", [summary("r1", "running")]);
  assert.equal(model.form.fields.model_type.text.value, "SimpleNN");
  assert.ok(model.canStart.value);
  assert.doesNotMatch(model.address.value, /run=/);
  model.start();
  assert.equal(lab.socket.path, "/ws/train");
});

Deno.test("a lab that cannot be asked leaves the page ready", async () => {
  const lab = new FakeLab();
  const model = new TrainingPage(lab);
  await model.open("?epochs=2");
  assert.equal(model.run.phase.value, "idle");
  assert.ok(model.canStart.value);
});

Deno.test("the address keeps the fields and the run, so that a reload finds both", async () => {
  const { lab, model } = await opened("");
  model.form.fields.num_epochs.text.value = "2";
  model.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r9", total_steps: 1876 });
  const address = new URLSearchParams(model.address.value);
  assert.deepEqual([address.get("epochs"), address.get("run")], ["2", "r9"]);
});

Deno.test("nothing starts while a field is wrong or the page's own training is under way", async () => {
  const { lab, model } = await opened("");
  model.form.fields.num_epochs.text.value = "none";
  assert.ok(!model.canStart.value);
  model.start();
  assert.equal(lab.sockets.length, 0);
  model.form.fields.num_epochs.text.value = "1";
  model.start();
  model.start();
  assert.equal(lab.sockets.length, 1);
});

Deno.test("the link to the trained model carries what was trained, not what the fields say by now", async () => {
  const { lab, model } = await opened("?learning_rate=0.002&hidden_layers_config=16&epochs=1");
  model.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r1", total_steps: 938 });
  model.form.fields.num_epochs.text.value = "9";
  assert.equal(model.testQuery.value, undefined);
  lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id: "m1", run_id: "r1" });
  assert.deepEqual(model.testQuery.value, {
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate: "0.002",
    learning_rate_range: "High",
    epochs: "1",
    batch_size: "64",
    hidden_layers_config: "16",
    use_dropout: "false",
    model_id: "m1",
  });
});

Deno.test("a fresh page offers to go on with the latest run of a lab that was restarted, and one with wishes does not", async () => {
  const runs = [{ ...summary("r2", "failed"), resume: "r2" }, summary("r1", "done")];
  const { lab, model } = await opened("", runs);
  assert.equal(lab.socket.path, "/ws/runs/r2");
  assert.ok(model.canStart.value);
  lab.socket.open();
  lab.socket.say({ type: "history", run: runs[0], losses: [], logs: [], end: { type: "error", message: "Stopped." } });
  lab.socket.drop(1000);
  model.resume();
  lab.socket.open();
  assert.deepEqual(lab.socket.sent, [{ resume: "r2" }]);
  lab.socket.say({ type: "accepted", run_id: "r3", total_steps: 100 });
  assert.match(model.address.value, /run=r3/);
  assert.equal((await opened("?epochs=3", runs)).lab.sockets.length, 0);
  assert.equal((await opened("", runs.toReversed())).lab.sockets.length, 0);
});

Deno.test("the model of a run is trained further with the settings it was trained with", async () => {
  const { lab, model } = await opened("?epochs=1&hidden_layers_config=16");
  model.trainFurther();
  assert.equal(lab.sockets.length, 0);
  model.start();
  lab.socket.open();
  lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id: "m1", run_id: "r1" });
  model.form.fields.num_epochs.text.value = "9";
  model.trainFurther();
  lab.socket.open();
  const [config] = lab.socket.sent as Record<string, unknown>[];
  assert.deepEqual([config.num_epochs, config.hidden_layers_config, config.start_from], [1, [16], "m1"]);
});

Deno.test("a model that was deleted a moment ago is gone from the lab before its settings are trained again", async () => {
  const { lab, model } = await opened("");
  const removing = Promise.withResolvers<{ status: number; body: unknown }>();
  lab.replies.set("DELETE /api/models/m1", removing.promise);
  model.models.deletions.delete([modelRecord({ id: "m1" })]);
  model.start();
  await settled();
  assert.deepEqual(lab.removed, ["/api/models/m1"]);
  assert.equal(lab.sockets.length, 0);
  assert.ok(!model.canStart.value);
  model.start();
  removing.resolve({ status: 204, body: undefined });
  await settled();
  assert.deepEqual(lab.sockets.map(({ path }) => path), ["/ws/train"], "two presses, one training");
});

Deno.test("only who presses a button is led to the run: not who finds one, nor when its turn comes", async () => {
  const { lab, model } = await opened("", [summary("r1", "queued")]);
  lab.socket.open();
  const waiting = { ...summary("r1", "queued"), place: 1 };
  lab.socket.say({ type: "history", run: waiting, losses: [], logs: [] }, { type: "log", message: "Training." });
  assert.equal(model.run.phase.value, "starting");
  assert.equal(model.pressed.value, false);
  model.start();
  assert.equal(model.pressed.value, true);
  model.pressed.value = false;
  lab.socket.open();
  lab.socket.say({ type: "log", message: "Queued.", place: 1 }, { type: "log", message: "Training." });
  assert.equal(model.run.phase.value, "starting");
  assert.equal(model.pressed.value, false);
});

Deno.test("the address keeps the table beside the form's fields, and neither is taken for the other", async () => {
  const { model } = await opened("?epochs=3&only_optimizer=SGD&sort=-accuracy");
  assert.equal(model.form.fields.optimizer.text.value, "Adam");
  assert.equal(model.models.table.optimizer.value, "SGD");
  const address = new URLSearchParams(model.address.value);
  assert.deepEqual(
    ["epochs", "optimizer", "only_optimizer", "sort"].map((key) => address.get(key)),
    ["3", "Adam", "SGD", "-accuracy"],
  );
});
