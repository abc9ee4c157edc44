import assert from "node:assert/strict";
import { settled } from "../shared/wire/fake_lab_testing.ts";
import { blank, openPage, record, RECORD_SEARCH, seven, type TestPage } from "./model_testing.ts";

/** The digit shown, who saw it, and by which model. */
function shown({ model }: TestPage) {
  const outcome = model.outcome.value;
  if (outcome.kind !== "recognised") return outcome.kind;
  return [outcome.answer.prediction, outcome.source.by, outcome.answer.found_model.id];
}

const paths = ({ lab }: TestPage) => lab.requests.map(({ path }) => path);

Deno.test("the page recognises by itself unless told otherwise, and remembers what it was told", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  assert.equal(page.model.place, "browser");
  page.model.place = "server";
  assert.equal(page.remembered.get("where-to-predict"), "server");
  assert.equal((await openPage("", "server")).model.place, "server");
});

Deno.test("a model is loaded as soon as the fields match it, and answers when the pen lifts", async () => {
  const page = await openPage(RECORD_SEARCH.replace("epochs=2", "epochs=3"), "browser");
  await settled();
  assert.deepEqual(page.openedHere, []);
  page.model.choice.form.fields.num_epochs.text.value = "2";
  await settled();
  assert.deepEqual(page.openedHere, ["m1"]);
  page.clock.milliseconds = 100.5;
  await page.model.strokeEnded(seven, 100);
  const outcome = page.model.outcome.value;
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
  assert.ok(!paths(page).includes("/predict"));
});

Deno.test("the button answers here too, a blank page stays blank, and a stroke asks no server", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  await page.model.predict(seven);
  assert.deepEqual(shown(page), [5, "wasm", "m1"]);
  await page.model.predict(blank);
  assert.equal(shown(page), "blank");
  page.model.place = "server";
  page.model.clear();
  await page.model.strokeEnded(seven, 0);
  assert.equal(shown(page), "waiting");
  assert.ok(!paths(page).includes("/predict"));
});

Deno.test("ink that nobody sees counts as none", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  const data = new Uint8Array(784).fill(255);
  await page.model.predict({ ...seven, toRaster: () => ({ width: 28, height: 28, channels: 1, data }) });
  assert.equal(shown(page), "blank");
});

Deno.test("while a model loads the page says so", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  const answered = page.model.predict(seven);
  await Promise.resolve();
  await Promise.resolve();
  const seen = new Set([page.model.outcome.value.kind]);
  page.model.outcome.subscribe(({ kind }) => seen.add(kind));
  await answered;
  assert.ok(seen.has("loading") && seen.has("recognised"), [...seen].join());
});

Deno.test("without a match the page names the nearest model by itself, but looks for a new one first", async () => {
  const page = await openPage(RECORD_SEARCH.replace("epochs=2", "epochs=3"), "browser", []);
  await settled();
  await page.model.predict(seven);
  assert.deepEqual(page.model.outcome.value, { kind: "not trained", nearest: null });
  page.lab.replies.set("/api/models", { status: 200, body: [record] });
  await page.model.predict(seven);
  assert.deepEqual(page.model.outcome.value, { kind: "not trained", nearest: { model: record, differs: ["epochs"] } });
  const trained = { ...record, id: "m2", num_epochs: 3 };
  page.digits.set("m2", 8);
  page.lab.replies.set("/api/models", { status: 200, body: [trained, record] });
  await page.model.predict(seven);
  assert.deepEqual(shown(page), [8, "wasm", "m2"]);
  assert.ok(!paths(page).includes("/predict"));
});

Deno.test("a better model that was stored meanwhile answers the same drawing", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  await page.model.predict(seven);
  await settled();
  page.digits.set("m2", 8);
  page.lab.replies.set("/api/models", { status: 200, body: [{ ...record, id: "m2", accuracy: 99 }, record] });
  await page.model.predict(seven);
  await settled();
  assert.deepEqual(shown(page), [8, "wasm", "m2"]);
});

Deno.test("model_id names one model here too, whatever the fields say", async () => {
  const page = await openPage("?model_id=m1&epochs=77", "browser");
  await page.model.predict(seven);
  assert.deepEqual(shown(page), [5, "wasm", "m1"]);
});

Deno.test("where this page fails, the server stands in for that drawing", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  await settled();
  const broken = { ...record, id: "broken", accuracy: 99 };
  page.lab.replies.set("/api/models", { status: 200, body: [broken, record] });
  await page.model.predict(seven);
  await settled();
  const outcome = page.model.outcome.value;
  assert(outcome.kind === "recognised");
  assert.deepEqual([outcome.answer.prediction, outcome.source], [
    7,
    { by: "server", milliseconds: 0, isStandIn: true },
  ]);
  page.digits.set("broken", 2);
  await page.model.predict(seven);
  assert.deepEqual(shown(page), [2, "wasm", "broken"]);
});

Deno.test("a named model that was deleted is told as such, and the settings decide from then on", async () => {
  const page = await openPage("?model_id=gone", "browser");
  page.lab.replies.set("/predict", { status: 404, body: { error: 'There is no model "gone".' } });
  await page.model.predict(seven);
  assert.deepEqual(page.model.outcome.value, {
    kind: "failed",
    message: "The model gone is not stored any more. The settings decide instead.",
  });
  assert.equal(page.model.choice.modelId.value, undefined);
});

Deno.test("a model that is here goes on answering while the service is away", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  await settled();
  page.lab.replies.clear();
  await page.model.predict(seven);
  await settled();
  assert.deepEqual(shown(page), [5, "wasm", "m1"]);
});

Deno.test("clearing forgets an answer that is under way", async () => {
  const page = await openPage(RECORD_SEARCH, "browser");
  const answered = page.model.strokeEnded(seven, 0);
  page.model.clear();
  await answered;
  await settled();
  assert.equal(shown(page), "waiting");
});

Deno.test("a model that another program changed under its id is opened anew and asked again", async () => {
  const page = await openPage("?model_id=m1", "browser");
  await page.model.predict(seven);
  await settled();
  assert.deepEqual(shown(page), [5, "wasm", "m1"]);
  page.lab.replies.set("/api/models", { status: 200, body: [{ ...record, accuracy: 99 }] });
  page.digits.set("m1", 3);
  await page.model.predict(seven);
  await settled();
  assert.deepEqual(shown(page), [3, "wasm", "m1"]);
  assert.deepEqual(page.openedHere, ["m1", "m1"]);
});
