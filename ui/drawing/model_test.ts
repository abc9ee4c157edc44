import assert from "node:assert/strict";
import type { Reply } from "../shared/wire/connection.ts";
import { prepareDrawing } from "../../core/mnist/drawing/drawing.ts";
import { type FakeLab, settled } from "../shared/wire/fake_lab_testing.ts";
import { answer, blank, openPage, PICTURE, record, RECORD_SEARCH, seven } from "./model_testing.ts";

/** Drawings that the service was asked about. */
const sent = (lab: FakeLab) => lab.requests.filter(({ path }) => path === "/predict");

const byServer = { by: "server", milliseconds: 0 };
const pixels = prepareDrawing(seven.toRaster());

/** A page that leaves its drawings to the server. */
const opened = (search: string) => openPage(search, "server");

Deno.test("a drawing is sent with the fields, and the answer shown", async () => {
  const { lab, model } = await opened(
    "?model_type=ConvNN&learning_rate_range=Low&hidden_layers_config=128,64&epochs=2",
  );
  await model.predict(seven);
  assert.deepEqual(sent(lab), [{
    path: "/predict",
    post: {
      params: {
        model_type: "ConvNN",
        optimizer: "Adam",
        learning_rate_range: "Low",
        epochs: 2,
        batch_size: 64,
        hidden_layers_config: [128, 64],
        use_dropout: false,
      },
      image_data: PICTURE,
    },
  }]);
  assert.deepEqual(model.outcome.value, { kind: "recognised", answer: answer(7).body, source: byServer, pixels });
});

Deno.test("a blank page is answered without asking the service", async () => {
  const { lab, model } = await opened("");
  await model.predict(blank);
  assert.equal(model.outcome.value.kind, "blank");
  assert.deepEqual(sent(lab), []);
});

Deno.test("model_id names one model until a field is changed", async () => {
  const { lab, model } = await opened("?model_type=ConvNN&epochs=2&learning_rate=0.5&model_id=m1");
  assert.deepEqual(model.choice.namedModel.value, record);
  await model.predict(seven);
  assert.deepEqual(lab.requests.at(-1)?.post, { model_id: "m1", image_data: PICTURE });
  assert.match(model.choice.address.value, /model_id=m1/);
  model.choice.form.fields.num_epochs.text.value = "3";
  assert.equal(model.choice.modelId.value, undefined);
  assert.equal(model.outcome.value.kind, "waiting");
  assert.doesNotMatch(model.choice.address.value, /model_id/);
});

Deno.test("a named model that is gone is said, and the fields decide", async () => {
  const { lab, model } = await opened("");
  lab.replies.set("/api/models/gone", { status: 404, body: { error: "no such model" } });
  await model.open("?model_id=gone");
  assert.equal(model.choice.modelId.value, undefined);
  assert.match(JSON.stringify(model.outcome.value), /gone is not stored any more/);
});

Deno.test("a query with a rate but no range gets the range of the rate", async () => {
  const { model } = await opened("?learning_rate=0.0002");
  assert.equal(model.choice.form.range.value, "Medium Low");
});

Deno.test("after a miss the nearest model can be used instead, fields and all", async () => {
  const { lab, model } = await opened("");
  const nearest = { model: record, differs: ["model_type"] };
  lab.replies.set("/predict", { status: 404, body: { error: "Model not trained yet.", train_url: "", nearest } });
  await model.predict(seven);
  assert.deepEqual(model.outcome.value, { kind: "not trained", nearest });
  model.useModel(record);
  assert.equal(model.choice.modelId.value, "m1");
  assert.equal(model.choice.form.params.value?.model_type, "ConvNN");
  assert.equal(model.choice.form.params.value?.learning_rate_range, "Medium Low");
});

Deno.test("an error of the service is shown in its words, and one that is not there is named", async () => {
  const { lab, model } = await opened("");
  lab.replies.set("/predict", { status: 409, body: { error: "The file of model m1 is broken." } });
  await model.predict(seven);
  assert.deepEqual(model.outcome.value, { kind: "failed", message: "The file of model m1 is broken." });
  lab.replies.delete("/predict");
  await model.predict(seven);
  assert.match(JSON.stringify(model.outcome.value), /cannot be reached/);
});

Deno.test("only the answer to the latest drawing counts, and none after clearing", async () => {
  const { lab, model } = await opened(RECORD_SEARCH);
  const slow = Promise.withResolvers<Reply>();
  lab.replies.set("/predict", slow.promise);
  const first = model.predict(seven);
  lab.replies.set("/predict", answer(3));
  await model.predict(seven);
  slow.resolve(answer(7));
  await first;
  assert.deepEqual(model.outcome.value, { kind: "recognised", answer: answer(3).body, source: byServer, pixels });

  const late = Promise.withResolvers<Reply>();
  lab.replies.set("/predict", late.promise);
  const cleared = model.predict(seven);
  model.clear();
  late.resolve(answer(7));
  await cleared;
  await settled();
  assert.equal(model.outcome.value.kind, "waiting");
});

Deno.test("nothing is sent while a field is wrong", async () => {
  const { lab, model } = await opened("?batch_size=lots");
  assert.ok(!model.choice.canPredict.value);
  await model.predict(seven);
  assert.deepEqual(sent(lab), []);
});
