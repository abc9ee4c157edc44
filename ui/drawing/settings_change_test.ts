import assert from "node:assert/strict";
import { settled } from "../shared/wire/fake_lab_testing.ts";
import type { InferenceModel } from "./model.ts";
import { answer, openPage, record, RECORD_SEARCH, seven } from "./model_testing.ts";

const OTHER_SEARCH = RECORD_SEARCH.replace("epochs=2", "epochs=3");
/** A rate in none of the ranges. */
const FAST = { ...record, learning_rate: 0.5 };
const FAST_SEARCH = `${RECORD_SEARCH.replace("learning_rate_range=Medium%20Low", "learning_rate=0.5")}&model_id=m1`;

const kindOf = ({ outcome }: InferenceModel) => outcome.value.kind;

for (const place of ["browser", "server"] as const) {
  Deno.test(`settings that no stored model has are said before one draws (${place})`, async () => {
    const { model } = await openPage(OTHER_SEARCH, place);
    await settled();
    const nearest = { model: record, differs: ["epochs"] };
    assert.deepEqual(model.outcome.value, { kind: "not trained", nearest });
    model.choice.form.fields.num_epochs.text.value = "2";
    await settled();
    assert.equal(model.outcome.value.kind, "waiting");
    model.choice.form.fields.num_epochs.text.value = "4";
    assert.equal(model.outcome.value.kind, "not trained");
  });

  Deno.test(`a drawing is answered anew by whoever is chosen to predict (from the ${place})`, async () => {
    const { model } = await openPage(RECORD_SEARCH, place);
    await model.predict(seven);
    model.place = place === "browser" ? "server" : "browser";
    await settled();
    const outcome = model.outcome.value;
    assert(outcome.kind === "recognised");
    assert.deepEqual([outcome.answer.prediction, outcome.source.by], place === "browser" ? [7, "server"] : [5, "wasm"]);
  });
}

Deno.test("a model that was trained meanwhile answers the drawing that is there", async () => {
  const { model, lab, digits } = await openPage(OTHER_SEARCH, "browser");
  await settled();
  await model.strokeEnded(seven, 0);
  assert.equal(kindOf(model), "not trained");
  digits.set("m2", 8);
  lab.replies.set("/api/models", { status: 200, body: [record, { ...record, id: "m2", num_epochs: 3 }] });
  await model.choice.refresh();
  await settled();
  const outcome = model.outcome.value;
  assert(outcome.kind === "recognised");
  assert.equal(outcome.answer.found_model.id, "m2");
});

Deno.test("the nearest model answers the drawing as soon as it is chosen", async () => {
  for (const place of ["browser", "server"] as const) {
    const { model } = await openPage(OTHER_SEARCH, place);
    await settled();
    await model.strokeEnded(seven, 0);
    model.useModel(record);
    await settled();
    assert.equal(model.outcome.value.kind, "recognised", place);
    assert.equal(model.choice.modelId.value, "m1");
  }
});

Deno.test("a stroke takes away the server's answer to what was there before", async () => {
  const { model, lab } = await openPage(RECORD_SEARCH, "server");
  lab.replies.set("/predict", answer(1));
  await model.predict(seven);
  await model.strokeEnded(seven, 0);
  assert.equal(model.outcome.value.kind, "waiting");
});

Deno.test("a rate outside all ranges is not passed off as one in a range", async () => {
  const { model, lab } = await openPage(FAST_SEARCH, "browser", [FAST]);
  lab.replies.set("/api/models/m1", { status: 200, body: FAST });
  assert.equal(model.choice.form.range.value, undefined);
  assert.equal(model.choice.form.otherRate.value, "0.5");
  assert.match(model.choice.address.value, /learning_rate=0\.5&/);
  assert.doesNotMatch(model.choice.address.value, /learning_rate_range/);
  assert(model.choice.canPredict.value, "the model is named");
  model.choice.form.fields.num_epochs.text.value = "4";
  assert(!model.choice.canPredict.value, "nothing says which range");
  model.choice.form.chooseRange("High");
  assert(model.choice.canPredict.value);
  assert.match(model.choice.address.value, /learning_rate_range=High/);
  assert.doesNotMatch(model.choice.address.value, /learning_rate=/);
});

Deno.test("the device that the address names stays in it, whatever is chosen", async () => {
  const { model } = await openPage(`${RECORD_SEARCH}&device=wasm`, "browser");
  const device = () => new URLSearchParams(model.choice.address.value).get("device");
  assert.equal(device(), "wasm");
  model.choice.form.fields.num_epochs.text.value = "4";
  assert.equal(device(), "wasm");
  model.useModel(record);
  assert.equal(device(), "wasm");
  assert.equal(model.choice.query.value.device, undefined, "a link to the training page would train on it");
});

for (const search of ["?model_id=m1", "?model_id=m1&device=wasm"]) {
  Deno.test(`a model named alone shows its own settings, and stays named (${search})`, async () => {
    const { model } = await openPage(search, "browser");
    await settled();
    assert.deepEqual(model.choice.form.params.value, {
      model_type: "ConvNN",
      optimizer: "SGD",
      learning_rate_range: "Medium Low",
      epochs: 2,
      batch_size: 32,
      hidden_layers_config: [16],
      use_dropout: true,
    });
    assert.equal(model.choice.modelId.value, "m1");
  });
}

for (const place of ["browser", "server"] as const) {
  Deno.test(`the drawing stays the same, whichever model answers it, until something else is drawn (${place})`, async () => {
    const { model, digits } = await openPage(RECORD_SEARCH, place, [record, { ...record, id: "m2" }]);
    digits.set("m2", 8);
    await settled();
    await model.predict(seven);
    const { drawn } = model;
    const before = drawn.value;
    assert(before !== undefined);
    const seen: unknown[] = [];
    const stop = drawn.subscribe((pixels) => seen.push(pixels));
    model.useModel({ ...record, id: "m2" });
    await settled();
    model.choice.form.fields.num_epochs.text.value = "4";
    await settled();
    await model.predict(seven);
    assert(seen.every((pixels) => pixels === before), "what was said of the drawing would have gone");
    await model.strokeEnded(seven, 0);
    assert.deepEqual(seen.slice(0, 2), [before, undefined]);
    model.clear();
    assert.equal(drawn.value, undefined);
    stop();
  });
}

for (const learning_rate of [record.learning_rate, 0.05]) {
  Deno.test(`a visit that names nothing begins with the model stored last (learning rate ${learning_rate})`, async () => {
    const newest = { ...record, id: "m2", learning_rate };
    const { model, digits } = await openPage("?device=wasm", "browser", [newest, record]);
    digits.set("m2", 8).set("m1", 7);
    await settled();
    assert.equal(model.choice.form.fields.model_type.text.value, record.model_type);
    assert.equal(model.choice.chosen.value?.id, "m2");
    await model.predict(seven);
    const outcome = model.outcome.value;
    assert(outcome.kind === "recognised" && outcome.answer.prediction === 8);
  });
}

Deno.test("what is chosen before the list of models comes is not taken back by it", async () => {
  const { lab, model } = await openPage("?device=wasm", "browser", []);
  const late = Promise.withResolvers<{ status: number; body: unknown }>();
  lab.replies.set("/api/models", late.promise);
  const opening = model.choice.showNewest();
  model.choice.form.fields.num_epochs.text.value = "4";
  late.resolve({ status: 200, body: [record] });
  await opening;
  assert.equal(model.choice.form.fields.num_epochs.text.value, "4");
  assert.notEqual(model.choice.form.fields.model_type.text.value, record.model_type);
});
