import assert from "node:assert/strict";
import type { Reply } from "../shared/wire/connection.ts";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { type FakeLab, settled } from "../shared/wire/fake_lab_testing.ts";
import { answer, blank, openPage, PICTURE, record, RECORD_SEARCH, seven } from "./drawing_page_testing.ts";

/** Requests to classify a drawing. */
const sent = (lab: FakeLab) => lab.requests.filter(({ path }) => path === "/predict");

const byServer = { by: "server", milliseconds: 0 };
const pixels = prepareDrawing(seven.toRaster());

/** A page that predicts on the server. */
const opened = (search: string) => openPage(search, "server");

Deno.test("a drawing is sent with the settings, and the answer is shown", async () => {
  const { lab, page } = await opened(
    "?model_type=ConvNN&learning_rate_range=Low&hidden_layers_config=128,64&epochs=2",
  );
  await page.predict(seven);
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
  assert.deepEqual(page.outcome.value, { kind: "recognised", answer: answer(7).body, source: byServer, pixels });
});

Deno.test("a blank page is answered without asking the service", async () => {
  const { lab, page } = await opened("");
  await page.predict(blank);
  assert.equal(page.outcome.value.kind, "blank");
  assert.deepEqual(sent(lab), []);
});

Deno.test("model_id names one model until a field is changed", async () => {
  const { lab, page } = await opened("?model_type=ConvNN&epochs=2&learning_rate=0.5&model_id=m1");
  assert.deepEqual(page.choice.namedModel.value, record);
  await page.predict(seven);
  assert.deepEqual(lab.requests.at(-1)?.post, { model_id: "m1", image_data: PICTURE });
  assert.match(page.choice.address.value, /model_id=m1/);
  page.choice.form.fields.num_epochs.text.value = "3";
  assert.equal(page.choice.modelId.value, undefined);
  assert.equal(page.outcome.value.kind, "not trained");
  assert.doesNotMatch(page.choice.address.value, /model_id/);
});

Deno.test("a named model that is gone is reported, and the settings choose the model", async () => {
  const { lab, page } = await opened("");
  lab.replies.set("/api/models/gone", { status: 404, body: { error: "no such model" } });
  await page.open("?model_id=gone");
  assert.equal(page.choice.modelId.value, undefined);
  assert.match(JSON.stringify(page.outcome.value), /gone is no longer stored/);
});

Deno.test("a query with a learning rate but no range gets the range that contains the rate", async () => {
  const { page } = await opened("?learning_rate=0.0002");
  assert.equal(page.choice.form.range.value, "Medium Low");
});

Deno.test("after a miss the nearest model can be used, and the form shows its settings", async () => {
  const { lab, page } = await opened("");
  const nearest = { model: record, differs: ["model_type"] };
  lab.replies.set("/predict", { status: 404, body: { error: "Model not trained yet.", train_url: "", nearest } });
  await page.predict(seven);
  assert.deepEqual(page.outcome.value, { kind: "not trained", nearest });
  page.useModel(record);
  assert.equal(page.choice.modelId.value, "m1");
  assert.equal(page.choice.form.params.value?.model_type, "ConvNN");
  assert.equal(page.choice.form.params.value?.learning_rate_range, "Medium Low");
});

Deno.test("an error from the service is shown as it is, and an unreachable service is reported", async () => {
  const { lab, page } = await opened("");
  lab.replies.set("/predict", { status: 409, body: { error: "The file of model m1 is broken." } });
  await page.predict(seven);
  assert.deepEqual(page.outcome.value, { kind: "failed", message: "The file of model m1 is broken." });
  lab.replies.delete("/predict");
  await page.predict(seven);
  assert.match(JSON.stringify(page.outcome.value), /cannot be reached/);
});

Deno.test("only the answer to the latest drawing is shown, and none after clearing", async () => {
  const { lab, page } = await opened(RECORD_SEARCH);
  const slow = Promise.withResolvers<Reply>();
  lab.replies.set("/predict", slow.promise);
  const first = page.predict(seven);
  lab.replies.set("/predict", answer(3));
  await page.predict(seven);
  slow.resolve(answer(7));
  await first;
  assert.deepEqual(page.outcome.value, { kind: "recognised", answer: answer(3).body, source: byServer, pixels });

  const late = Promise.withResolvers<Reply>();
  lab.replies.set("/predict", late.promise);
  const cleared = page.predict(seven);
  page.clear();
  late.resolve(answer(7));
  await cleared;
  await settled();
  assert.equal(page.outcome.value.kind, "waiting");
});

Deno.test("nothing is sent while a field is invalid", async () => {
  const { lab, page } = await opened("?batch_size=lots");
  assert.ok(!page.choice.canPredict.value);
  await page.predict(seven);
  assert.deepEqual(sent(lab), []);
});
