import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type RunState, type RunSummary } from "../../protocol/mod.ts";
import { FakeLab, settled } from "../shared/wire/fake_lab_testing.ts";
import { TrainingPage } from "./training_page.ts";
import { modelRecord } from "./models/records_testing.ts";

const summary = (id: string, state: RunState): RunSummary => ({
  id,
  state,
  config: {
    ...DEFAULT_CONFIG,
    model_type: "ConvNN",
    optimizer: "SGD",
    learning_rate: 0.05,
    num_epochs: 3,
    batch_size: 128,
    hidden_layers_config: [32],
    use_dropout: true,
  },
  created: 0,
  step: 0,
  total_steps: 100,
});

async function opened(search: string, runs: RunSummary[] = []): Promise<{ lab: FakeLab; page: TrainingPage }> {
  const lab = new FakeLab();
  lab.replies.set("/api/runs", { status: 200, body: runs });
  const page = new TrainingPage(lab);
  await page.open(search);
  return { lab, page };
}

Deno.test("a reload finds the run in the address, whether or not it has ended", async () => {
  const { lab, page } = await opened("?epochs=7&run=r1", [summary("r2", "running"), summary("r1", "done")]);
  assert.equal(lab.sockets[0].path, "/ws/runs/r1");
  assert.equal(page.run.id.value, "r1");
  assert.equal(page.form.fields.num_epochs.text.value, "7");
});

Deno.test("a page without settings finds the newest active run and shows its settings", async () => {
  const { page } = await opened("", [summary("r3", "done"), summary("r2", "running"), summary("r1", "queued")]);
  assert.equal(page.run.id.value, "r2");
  assert.deepEqual(page.form.config.value?.hidden_layers_config, [32]);
  assert.equal(page.form.config.value?.learning_rate, 0.05);
});

Deno.test("settings in the address win over those of an active run, which does not block a new training", async () => {
  const { lab, page } = await opened("?model_type=SimpleNN&hidden_layers_config=16", [summary("r1", "running")]);
  assert.equal(page.form.fields.model_type.text.value, "SimpleNN");
  assert.ok(page.canStart.value);
  assert.doesNotMatch(page.address.value, /run=/);
  page.start();
  assert.equal(lab.socket.path, "/ws/train");
});

/** Runs beside the current one, in the order of the page. */
const othersOf = (page: TrainingPage) => page.others.list.value.map(({ id }) => id.value);

Deno.test("the page's own runs stay, however many others the lab has, and none is dropped for another", async () => {
  const strangers = (state: RunState) => Array.from({ length: 9 }, (_, i) => summary(`s${i}`, state));
  const { lab, page } = await opened("?epochs=1");
  const finish = (run_id: string, model_id: string) => {
    lab.socket.open();
    lab.socket.say({ type: "accepted", run_id, total_steps: 938 });
    lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id, run_id });
  };
  page.start();
  finish("own1", "m1");
  page.trainFurther();
  finish("own2", "m2");
  page.form.fields.num_epochs.text.value = "9";
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "own3", total_steps: 9 * 938 });
  page.form.fields.num_epochs.text.value = "8";
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "own4", total_steps: 8 * 938 });
  const own = ["own3", "own2", "own1"];
  assert.deepEqual(othersOf(page), own);
  lab.replies.set("/api/runs", { status: 200, body: [summary("own3", "queued"), ...strangers("queued")] });
  for (let look = 0; look < 3; look++) {
    await page.lookAround();
    assert.deepEqual(othersOf(page), [...own, "s0", "s1", "s2", "s3"]);
  }
  const followed = lab.sockets.map(({ path }) => path).filter((path) => path.startsWith("/ws/runs/s"));
  assert.deepEqual(followed, ["s0", "s1", "s2", "s3"].map((id) => `/ws/runs/${id}`), "each is followed once");
  const own1 = page.others.list.value[2];
  page.show(own1);
  assert.deepEqual([page.run.id.value, othersOf(page).slice(0, 2)], ["own1", ["own4", "own3"]]);

  const ended = page.others.list.value.find(({ id }) => id.value === "s2")!;
  const socket = lab.sockets.findLast(({ path }) => path === "/ws/runs/s2")!;
  socket.open();
  socket.say({ type: "history", run: summary("s2", "aborted"), losses: [], logs: [] });
  assert.equal(ended.active.value, false);
  await page.lookAround();
  assert.deepEqual(othersOf(page), ["own4", "own3", "own2", "s0", "s1", "s3", "s4"], "one that has ended makes room");
});

Deno.test("a page that is opened anew follows the runs of its own address first, then the one that trains", async () => {
  const runs = [
    ...["s1", "s2", "s3", "s4", "s5"].map((id) => ({ ...summary(id, "queued"), yours: false })),
    { ...summary("running", "running"), yours: false },
    ...["mine1", "mine2"].map((id) => ({ ...summary(id, "queued"), yours: true })),
  ];
  const { page } = await opened("", runs);
  assert.equal(page.run.id.value, "mine1");
  assert.deepEqual(othersOf(page), ["mine2", "running", "s1", "s2"]);
});

Deno.test("the curve of the model that is trained further stays, however many others the lab has", async () => {
  const config = { ...summary("further", "running").config, start_from: "m1" };
  const base = { ...summary("base", "done"), model_id: "m1" };
  const strangers = Array.from({ length: 9 }, (_, i) => summary(`s${i}`, "queued"));
  const { lab, page } = await opened("?run=further", [
    ...strangers,
    { ...summary("further", "running"), config },
    base,
  ]);
  for (let look = 0; look < 3; look++) {
    assert.deepEqual(othersOf(page), ["base", "s0", "s1", "s2", "s3"]);
    await page.lookAround();
  }
  assert.equal(lab.sockets.filter(({ path }) => path === "/ws/runs/base").length, 1);
});

Deno.test("an unreachable lab leaves the page ready", async () => {
  const lab = new FakeLab();
  const page = new TrainingPage(lab);
  await page.open("?epochs=2");
  assert.equal(page.run.phase.value, "idle");
  assert.ok(page.canStart.value);
});

Deno.test("the address keeps the settings and the run", async () => {
  const { lab, page } = await opened("");
  page.form.fields.num_epochs.text.value = "2";
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r9", total_steps: 1876 });
  const address = new URLSearchParams(page.address.value);
  assert.deepEqual([address.get("epochs"), address.get("run")], ["2", "r9"]);
});

Deno.test("nothing starts while a field is invalid or the page's own training runs", async () => {
  const { lab, page } = await opened("");
  page.form.fields.num_epochs.text.value = "none";
  assert.ok(!page.canStart.value);
  page.start();
  assert.equal(lab.sockets.length, 0);
  page.form.fields.num_epochs.text.value = "1";
  page.start();
  page.start();
  assert.equal(lab.sockets.length, 1);
});

Deno.test("the link to the trained model has the settings of its training, not the current ones", async () => {
  const { lab, page } = await opened("?learning_rate=0.002&hidden_layers_config=16&epochs=1");
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "accepted", run_id: "r1", total_steps: 938 });
  page.form.fields.num_epochs.text.value = "9";
  assert.equal(page.testQuery.value, undefined);
  lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id: "m1", run_id: "r1" });
  assert.deepEqual(page.testQuery.value, {
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

Deno.test("a page without settings offers to resume the latest run of a restarted lab", async () => {
  const runs = [{ ...summary("r2", "failed"), resume: "r2" }, summary("r1", "done")];
  const { lab, page } = await opened("", runs);
  assert.equal(lab.socket.path, "/ws/runs/r2");
  assert.ok(page.canStart.value);
  lab.socket.open();
  lab.socket.say({ type: "history", run: runs[0], losses: [], logs: [], end: { type: "error", message: "Stopped." } });
  lab.socket.drop(1000);
  page.resume();
  lab.socket.open();
  assert.deepEqual(lab.socket.sent, [{ resume: "r2" }]);
  lab.socket.say({ type: "accepted", run_id: "r3", total_steps: 100 });
  assert.match(page.address.value, /run=r3/);
  assert.equal((await opened("?epochs=3", runs)).lab.sockets.length, 0);
  assert.equal((await opened("", runs.toReversed())).lab.sockets.length, 0);
});

Deno.test("a model is trained further with the settings of its run", async () => {
  const { lab, page } = await opened("?epochs=1&hidden_layers_config=16");
  page.trainFurther();
  assert.equal(lab.sockets.length, 0);
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id: "m1", run_id: "r1" });
  page.form.fields.num_epochs.text.value = "9";
  page.trainFurther();
  lab.socket.open();
  const [config] = lab.socket.sent as Record<string, unknown>[];
  assert.deepEqual([config.num_epochs, config.hidden_layers_config, config.start_from], [1, [16], "m1"]);
});

Deno.test("the link to a model that was trained further has all its epochs", async () => {
  const { lab, page } = await opened("?epochs=2&hidden_layers_config=128");
  const record = modelRecord({ id: "m2", num_epochs: 7, started_from: "m1" });
  lab.replies.set("/api/models", { status: 200, body: [record] });
  page.start();
  lab.socket.open();
  lab.socket.say({ type: "result", accuracy: 95, training_time: 1, model_id: "m2", run_id: "r1" });
  await settled();
  assert.deepEqual([page.testQuery.value?.epochs, page.testQuery.value?.model_id], ["7", "m2"]);
});

Deno.test("a deleted model is gone from the lab before a training run with its settings starts", async () => {
  const { lab, page } = await opened("");
  const removing = Promise.withResolvers<{ status: number; body: unknown }>();
  lab.replies.set("DELETE /api/models/m1", removing.promise);
  page.models.deletions.delete([modelRecord({ id: "m1" })]);
  page.start();
  await settled();
  assert.deepEqual(lab.removed, ["/api/models/m1"]);
  assert.equal(lab.sockets.length, 0);
  assert.ok(!page.canStart.value);
  page.start();
  removing.resolve({ status: 204, body: undefined });
  await settled();
  assert.deepEqual(lab.sockets.map(({ path }) => path), ["/ws/train"], "two presses, one training run");
});

Deno.test("the page scrolls to a run that the user starts, but not to a run that it finds or that leaves the queue", async () => {
  const { lab, page } = await opened("", [summary("r1", "queued")]);
  lab.socket.open();
  const waiting = { ...summary("r1", "queued"), place: 1 };
  lab.socket.say({ type: "history", run: waiting, losses: [], logs: [] }, { type: "log", message: "Training." });
  assert.equal(page.run.phase.value, "starting");
  assert.equal(page.scrollsToRun.value, false);
  page.start();
  assert.equal(page.scrollsToRun.value, true);
  page.scrollsToRun.value = false;
  lab.socket.open();
  lab.socket.say({ type: "log", message: "Queued.", place: 1 }, { type: "log", message: "Training." });
  assert.equal(page.run.phase.value, "starting");
  assert.equal(page.scrollsToRun.value, false);
});

Deno.test("the address keeps the filters of the table apart from the fields of the form", async () => {
  const { page } = await opened("?epochs=3&only_optimizer=SGD&sort=-accuracy");
  assert.equal(page.form.fields.optimizer.text.value, "Adam");
  assert.equal(page.models.table.optimizer.value, "SGD");
  const address = new URLSearchParams(page.address.value);
  assert.deepEqual(
    ["epochs", "optimizer", "only_optimizer", "sort"].map((key) => address.get(key)),
    ["3", "Adam", "SGD", "-accuracy"],
  );
});
