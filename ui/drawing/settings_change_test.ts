import assert from "node:assert/strict";
import { settled } from "../shared/wire/fake_lab_testing.ts";
import type { DrawingPage } from "./drawing_page.ts";
import { answer, openPage, record, RECORD_SEARCH, seven } from "./drawing_page_testing.ts";

const OTHER_SEARCH = RECORD_SEARCH.replace("epochs=2", "epochs=3");
/** A learning rate in none of the ranges. */
const FAST = { ...record, learning_rate: 0.5 };
const FAST_SEARCH = `${RECORD_SEARCH.replace("learning_rate_range=Medium%20Low", "learning_rate=0.5")}&model_id=m1`;

const kindOf = ({ outcome }: DrawingPage) => outcome.value.kind;

for (const where of ["browser", "server"] as const) {
  Deno.test(`a miss is reported before anything is drawn (${where})`, async () => {
    const { page } = await openPage(OTHER_SEARCH, where);
    await settled();
    const nearest = { model: record, differs: ["epochs"] };
    assert.deepEqual(page.outcome.value, { kind: "not trained", nearest });
    page.choice.form.fields.num_epochs.text.value = "2";
    await settled();
    assert.equal(page.outcome.value.kind, "waiting");
    page.choice.form.fields.num_epochs.text.value = "4";
    assert.equal(page.outcome.value.kind, "not trained");
  });

  Deno.test(`choosing where to predict answers the drawing again (from the ${where})`, async () => {
    const { page } = await openPage(RECORD_SEARCH, where);
    await page.predict(seven);
    page.where = where === "browser" ? "server" : "browser";
    await settled();
    const outcome = page.outcome.value;
    assert(outcome.kind === "recognised");
    assert.deepEqual([outcome.answer.prediction, outcome.source.by], where === "browser" ? [7, "server"] : [5, "wasm"]);
  });
}

Deno.test("a model that was trained meanwhile answers the current drawing", async () => {
  const { page, lab, digits } = await openPage(OTHER_SEARCH, "browser");
  await settled();
  await page.strokeEnded(seven, 0);
  assert.equal(kindOf(page), "not trained");
  digits.set("m2", 8);
  lab.replies.set("/api/models", { status: 200, body: [record, { ...record, id: "m2", num_epochs: 3 }] });
  await page.choice.refresh();
  await settled();
  const outcome = page.outcome.value;
  assert(outcome.kind === "recognised");
  assert.equal(outcome.answer.found_model.id, "m2");
});

Deno.test("the nearest model answers the drawing as soon as it is chosen", async () => {
  for (const where of ["browser", "server"] as const) {
    const { page } = await openPage(OTHER_SEARCH, where);
    await settled();
    await page.strokeEnded(seven, 0);
    page.useModel(record);
    await settled();
    assert.equal(page.outcome.value.kind, "recognised", where);
    assert.equal(page.choice.modelId.value, "m1");
  }
});

Deno.test("a stroke removes the server's answer to the previous drawing", async () => {
  const { page, lab } = await openPage(RECORD_SEARCH, "server");
  lab.replies.set("/predict", answer(1));
  await page.predict(seven);
  await page.strokeEnded(seven, 0);
  assert.equal(page.outcome.value.kind, "waiting");
});

Deno.test("a learning rate outside all ranges is not shown as if it were in a range", async () => {
  const { page, lab } = await openPage(FAST_SEARCH, "browser", [FAST]);
  lab.replies.set("/api/models/m1", { status: 200, body: FAST });
  assert.equal(page.choice.form.range.value, undefined);
  assert.equal(page.choice.form.fields.learning_rate.text.value, "0.5");
  assert.match(page.choice.address.value, /learning_rate=0\.5&/);
  assert.doesNotMatch(page.choice.address.value, /learning_rate_range/);
  assert(page.choice.canPredict.value, "the model is named");
  page.choice.form.fields.num_epochs.text.value = "4";
  assert.deepEqual(page.outcome.value, { kind: "not trained", nearest: { model: FAST, differs: ["epochs"] } });
  page.choice.form.chooseRange("High");
  assert.match(page.choice.address.value, /learning_rate_range=High/);
  assert.doesNotMatch(page.choice.address.value, /learning_rate=/);
});

Deno.test("the device stays in the address, whatever is chosen", async () => {
  const { page } = await openPage(`${RECORD_SEARCH}&device=wasm`, "browser");
  const device = () => new URLSearchParams(page.choice.address.value).get("device");
  assert.equal(device(), "wasm");
  page.choice.form.fields.num_epochs.text.value = "4";
  assert.equal(device(), "wasm");
  page.useModel(record);
  assert.equal(device(), "wasm");
  assert.equal(page.choice.query.value.device, undefined, "a link to the training page would train on it");
});

for (const search of ["?model_id=m1", "?model_id=m1&device=wasm"]) {
  Deno.test(`an address with only a model shows its settings and keeps naming it (${search})`, async () => {
    const { page } = await openPage(search, "browser");
    await settled();
    assert.deepEqual(page.choice.form.params.value, {
      model_type: "ConvNN",
      optimizer: "SGD",
      learning_rate_range: "Medium Low",
      epochs: 2,
      batch_size: 32,
      hidden_layers_config: [16],
      use_dropout: true,
    });
    assert.equal(page.choice.modelId.value, "m1");
  });
}

for (const where of ["browser", "server"] as const) {
  Deno.test(`the drawing stays the same object, whichever model answers, until something else is drawn (${where})`, async () => {
    const { page, digits } = await openPage(RECORD_SEARCH, where, [record, { ...record, id: "m2" }]);
    digits.set("m2", 8);
    await settled();
    await page.predict(seven);
    const { drawn } = page;
    const before = drawn.value;
    assert(before !== undefined);
    const seen: unknown[] = [];
    const stop = drawn.subscribe((pixels) => seen.push(pixels));
    page.useModel({ ...record, id: "m2" });
    await settled();
    page.choice.form.fields.num_epochs.text.value = "4";
    await settled();
    await page.predict(seven);
    assert(seen.every((pixels) => pixels === before), "the opinions on the drawing would have been cleared");
    await page.strokeEnded(seven, 0);
    assert.deepEqual(seen.slice(0, 2), [before, undefined]);
    page.clear();
    assert.equal(drawn.value, undefined);
    stop();
  });
}

for (const learning_rate of [record.learning_rate, 0.05]) {
  Deno.test(`an address without settings starts with the newest model (learning rate ${learning_rate})`, async () => {
    const newest = { ...record, id: "m2", learning_rate };
    const { page, digits } = await openPage("?device=wasm", "browser", [newest, record]);
    digits.set("m2", 8).set("m1", 7);
    await settled();
    assert.equal(page.choice.form.fields.model_type.text.value, record.model_type);
    assert.equal(page.choice.chosen.value?.id, "m2");
    await page.predict(seven);
    const outcome = page.outcome.value;
    assert(outcome.kind === "recognised" && outcome.answer.prediction === 8);
  });
}

Deno.test("an address without settings starts with the newest model even if its past is unknown", async () => {
  const newest = { ...record, id: "m2", imported: true, assumed: ["optimizer", "num_epochs"] };
  const { page } = await openPage("?device=wasm", "browser", [newest, record]);
  await settled();
  assert.equal(page.choice.chosen.value?.id, "m2", "although the settings of m1 are known to be these");
  page.choice.form.fields.batch_size.text.value = "99";
  page.choice.form.fields.batch_size.text.value = "32";
  assert.equal(page.choice.chosen.value?.id, "m1");
});

Deno.test("further settings in the address decide which model answers, on the server too", async () => {
  const tanh = { ...record, id: "m2", activation: "tanh" as const, momentum: 0.9 };
  const records = [record, tanh, { ...record, id: "m3", lr_schedule: "cosine" as const, accuracy: 99 }];
  const chosenFor = async (more: string, search = RECORD_SEARCH) => {
    const { page } = await openPage(search + more, "browser", records);
    await settled();
    return { id: page.choice.chosen.value?.id, page };
  };
  assert.equal((await chosenFor("")).id, "m3", "which the address does not name may have any value");
  for (const more of ["&activation=tanh", "&momentum=0.9", "&momentum=0,9&activation=tanh&lr_schedule=constant"]) {
    const { id, page } = await chosenFor(more);
    assert.equal(id, "m2", more);
    // A reload and the way to the training page keep them.
    assert.equal((await chosenFor("", `?${page.choice.address.value}`)).id, "m2", more);
    assert.match(page.choice.trainingQuery.value, /activation=tanh|momentum=0.9/);
  }
  assert.equal((await chosenFor("&lr_schedule=constant&activation=relu")).id, "m1", "usual values count if named");
  assert.equal((await chosenFor("&betas=0.8,0.9")).id, "m3", "a setting of other optimisers does not matter");

  const { page } = await chosenFor("&momentum=0.5&weight_decay=0.01");
  assert.deepEqual(page.outcome.value, {
    kind: "not trained",
    nearest: { model: records[2], differs: ["momentum", "weight_decay"] },
  });
  page.choice.form.forgetFurther();
  assert.equal(page.choice.chosen.value?.id, "m3");
  assert.doesNotMatch(page.choice.address.value, /momentum|weight_decay/);

  const server = await openPage(`${RECORD_SEARCH}&activation=tanh`, "server", records);
  await settled();
  await server.page.predict(seven);
  const { post } = server.lab.requests.find(({ path }) => path === "/predict")!;
  const { params } = post as { params: Record<string, unknown> };
  assert.deepEqual([params.activation, params.momentum], ["tanh", undefined]);
});

Deno.test("further settings that no model can have are named and ignored", async () => {
  const { page } = await openPage(`${RECORD_SEARCH}&momentum=much&activation=swish&weight_decay=0.01`, "browser");
  await settled();
  const { form } = page.choice;
  assert.match(form.complaints.value.join(" "), /activation `swish`.*momentum must be a number from 0/);
  assert.deepEqual(form.further.value, ["weight_decay"]);
  assert.equal(page.choice.miss.value?.nearest?.model.id, "m1");
});

Deno.test("the list of models does not override what was chosen before it came", async () => {
  const { lab, page } = await openPage("?device=wasm", "browser", []);
  const late = Promise.withResolvers<{ status: number; body: unknown }>();
  lab.replies.set("/api/models", late.promise);
  const opening = page.choice.showNewest();
  page.choice.form.fields.num_epochs.text.value = "4";
  late.resolve({ status: 200, body: [record] });
  await opening;
  assert.equal(page.choice.form.fields.num_epochs.text.value, "4");
  assert.notEqual(page.choice.form.fields.model_type.text.value, record.model_type);
});
