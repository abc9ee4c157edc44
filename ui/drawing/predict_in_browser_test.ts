import assert from "node:assert/strict";
import { settled } from "../shared/wire/fake_lab_testing.ts";
import { blank, openPage, record, RECORD_SEARCH, seven, type TestPage } from "./drawing_page_testing.ts";

/** The digit that is shown, where it was recognised, and by which model. */
function shown({ page }: TestPage) {
  const outcome = page.outcome.value;
  if (outcome.kind !== "recognised") return outcome.kind;
  return [outcome.answer.prediction, outcome.source.by, outcome.answer.found_model.id];
}

const paths = ({ lab }: TestPage) => lab.requests.map(({ path }) => path);

Deno.test("the browser predicts unless the server is chosen, and the choice is remembered", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  assert.equal(test.page.where, "browser");
  test.page.where = "server";
  assert.equal(test.remembered.get("where-to-predict"), "server");
  assert.equal((await openPage("", "server")).page.where, "server");
});

Deno.test("a model is loaded as soon as the settings match it, and answers when the pen is lifted", async () => {
  const test = await openPage(RECORD_SEARCH.replace("epochs=2", "epochs=3"), "browser");
  await settled();
  assert.deepEqual(test.openedHere, []);
  test.page.choice.form.fields.num_epochs.text.value = "2";
  await settled();
  assert.deepEqual(test.openedHere, ["m1"]);
  test.clock.milliseconds = 100.5;
  await test.page.strokeEnded(seven, 100);
  const outcome = test.page.outcome.value;
  assert(outcome.kind === "recognised");
  assert.deepEqual(outcome.source, { by: "wasm", milliseconds: 0.5 });
  assert.deepEqual(outcome.answer.found_model, {
    id: "m1",
    accuracy: "98.00%",
    learning_rate: 0.0003,
    epochs: 2,
    training_time: "9.00s",
  });
  assert.deepEqual([outcome.answer.prediction, outcome.answer.confidence], [5, "100.00%"]);
  assert.ok(!paths(test).includes("/predict"));
});

Deno.test("Predict works in the browser too, blank paper stays blank, and a stroke alone does not ask the server", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  await test.page.predict(seven);
  assert.deepEqual(shown(test), [5, "wasm", "m1"]);
  await test.page.predict(blank);
  assert.equal(shown(test), "blank");
  test.page.where = "server";
  test.page.clear();
  await test.page.strokeEnded(seven, 0);
  assert.equal(shown(test), "waiting");
  assert.ok(!paths(test).includes("/predict"));
});

Deno.test("a drawing of one even tone counts as blank", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  const data = new Uint8Array(784).fill(255);
  await test.page.predict({ ...seven, toRaster: () => ({ width: 28, height: 28, channels: 1, data }) });
  assert.equal(shown(test), "blank");
});

Deno.test("the page says that a model is loading", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  const answered = test.page.predict(seven);
  await Promise.resolve();
  await Promise.resolve();
  const seen = new Set([test.page.outcome.value.kind]);
  test.page.outcome.subscribe(({ kind }) => seen.add(kind));
  await answered;
  assert.ok(seen.has("loading") && seen.has("recognised"), [...seen].join());
});

Deno.test("without a match, the page first looks for a new model and then names the nearest one itself", async () => {
  const test = await openPage(RECORD_SEARCH.replace("epochs=2", "epochs=3"), "browser", []);
  await settled();
  await test.page.predict(seven);
  assert.deepEqual(test.page.outcome.value, { kind: "not trained", nearest: null });
  test.lab.replies.set("/api/models", { status: 200, body: [record] });
  await test.page.predict(seven);
  assert.deepEqual(test.page.outcome.value, { kind: "not trained", nearest: { model: record, differs: ["epochs"] } });
  const trained = { ...record, id: "m2", num_epochs: 3 };
  test.digits.set("m2", 8);
  test.lab.replies.set("/api/models", { status: 200, body: [trained, record] });
  await test.page.predict(seven);
  assert.deepEqual(shown(test), [8, "wasm", "m2"]);
  assert.ok(!paths(test).includes("/predict"));
});

Deno.test("a better model that was stored meanwhile answers the same drawing", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  await test.page.predict(seven);
  await settled();
  test.digits.set("m2", 8);
  test.lab.replies.set("/api/models", { status: 200, body: [{ ...record, id: "m2", accuracy: 99 }, record] });
  await test.page.predict(seven);
  await settled();
  assert.deepEqual(shown(test), [8, "wasm", "m2"]);
});

Deno.test("model_id names one model in the browser too, whatever the settings say", async () => {
  const test = await openPage("?model_id=m1&epochs=77", "browser");
  await test.page.predict(seven);
  assert.deepEqual(shown(test), [5, "wasm", "m1"]);
});

Deno.test("if the browser fails, the server answers that drawing", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  await settled();
  const broken = { ...record, id: "broken", accuracy: 99 };
  test.lab.replies.set("/api/models", { status: 200, body: [broken, record] });
  await test.page.predict(seven);
  await settled();
  const outcome = test.page.outcome.value;
  assert(outcome.kind === "recognised");
  assert.deepEqual([outcome.answer.prediction, outcome.source], [
    7,
    { by: "server", milliseconds: 0, isStandIn: true },
  ]);
  test.digits.set("broken", 2);
  await test.page.predict(seven);
  assert.deepEqual(shown(test), [2, "wasm", "broken"]);
});

Deno.test("a named model that was deleted is reported, and from then on the settings choose the model", async () => {
  const test = await openPage("?model_id=gone", "browser");
  test.lab.replies.set("/predict", { status: 404, body: { error: 'There is no model "gone".' } });
  await test.page.predict(seven);
  assert.deepEqual(test.page.outcome.value, {
    kind: "failed",
    message: "The model gone is no longer stored. The settings below decide instead.",
  });
  assert.equal(test.page.choice.modelId.value, undefined);
});

Deno.test("a loaded model answers while the service is unreachable", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  await settled();
  test.lab.replies.clear();
  await test.page.predict(seven);
  await settled();
  assert.deepEqual(shown(test), [5, "wasm", "m1"]);
});

Deno.test("clearing drops an answer that has not arrived yet", async () => {
  const test = await openPage(RECORD_SEARCH, "browser");
  const answered = test.page.strokeEnded(seven, 0);
  test.page.clear();
  await answered;
  await settled();
  assert.equal(shown(test), "waiting");
});

Deno.test("a model that another program replaced under the same id is loaded again and asked again", async () => {
  const test = await openPage("?model_id=m1", "browser");
  await test.page.predict(seven);
  await settled();
  assert.deepEqual(shown(test), [5, "wasm", "m1"]);
  test.lab.replies.set("/api/models", { status: 200, body: [{ ...record, accuracy: 99 }] });
  test.digits.set("m1", 3);
  await test.page.predict(seven);
  await settled();
  assert.deepEqual(shown(test), [3, "wasm", "m1"]);
  assert.deepEqual(test.openedHere, ["m1", "m1"]);
});
