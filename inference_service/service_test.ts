import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { FALSE_ALARM_PERCENT } from "../core/mnist/ood/ood.ts";
import type { ModelRecord } from "../protocol/mod.ts";
import { RegistryError } from "../lab/models/mod.ts";
import { type OpenPredictor, PredictorCache, UnusableModelError } from "./predictor_cache.ts";
import { appOn, MemoryStore, params, pngUrl, record, stroke } from "./testing.ts";

const drawing = pngUrl(stroke());

/** Classifies every drawing as a seven. */
const openSeven: OpenPredictor = () =>
  Promise.resolve({ predict: () => Promise.resolve(probabilitiesOf(7, 0.98125)), close() {} });

function probabilitiesOf(digit: number, confidence: number): Float32Array {
  return new Float32Array(10).fill((1 - confidence) / 9).fill(confidence, digit, digit + 1);
}

function createApp(records: ModelRecord[] = [record()], open: OpenPredictor = openSeven) {
  const store = new MemoryStore(records);
  const app = appOn(store, new PredictorCache(open));
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    app.request("http://localhost:8001/predict", { method: "POST", body, headers });
  const predict = (body: unknown) => post(JSON.stringify(body));
  return { app, store, post, predict };
}

/** The status and the error of an answer. */
async function errorOf(response: Response | Promise<Response>): Promise<[status: number, error: string]> {
  const answer = await response;
  return [answer.status, (await answer.json()).error];
}

Deno.test("a drawing and the fields of a model give the digit and the matching model", async () => {
  const response = await createApp().predict({ params, image_data: drawing });
  assert.equal(response.status, 200);
  const { probabilities, ...answer } = await response.json();
  assert.deepEqual(answer, {
    prediction: 7,
    confidence: "98.12%",
    doubt: null,
    found_model: {
      id: "model_simplenn_adam_1",
      accuracy: "94.10%",
      learning_rate: 0.0055,
      epochs: 1,
      training_time: "36.87s",
    },
  });
  assert.equal(probabilities.length, 10);
  assert.ok(Math.abs(probabilities.reduce((a: number, b: number) => a + b) - 1) < 1e-6);
});

Deno.test("a drawing that is not a digit is answered with a prediction and a doubt", async () => {
  const data = Uint8Array.from({ length: 40 * 40 }, (_, i) => i % 7 < 2 || i % 40 % 9 < 2 ? 0 : 255);
  const image_data = pngUrl({ width: 40, height: 40, channels: 1, data });
  const { prediction, doubt } = await (await createApp().predict({ params, image_data })).json();
  assert.equal(prediction, 7);
  assert.deepEqual(doubt, {
    reason: "not_a_digit",
    message: "This does not look like a digit.",
    false_alarm_percent: FALSE_ALARM_PERCENT,
  });
});

Deno.test("model_id selects one model, whatever its learning rate", async () => {
  const { predict } = createApp([record({ id: "a" }), record({ id: "b", learning_rate: 0.5 })]);
  const answer = await (await predict({ model_id: "b", image_data: drawing })).json();
  assert.equal(answer.found_model.id, "b");
  assert.deepEqual(await errorOf(predict({ model_id: "c", image_data: drawing })), [404, 'There is no model "c".']);
});

Deno.test("an import of unknown past answers by its assumed settings only if no other model has them, and the answer says so", async () => {
  const assumed = ["optimizer", "learning_rate", "batch_size", "num_epochs"];
  const unknown = record({ id: "import", accuracy: 99, timestamp: 9, imported: true, assumed });
  const { store, predict } = createApp([unknown, record({ id: "trained" })]);
  const ask = async (changes = {}) =>
    await (await predict({ params: { ...params, ...changes }, image_data: drawing })).json();
  const { found_model } = await ask();
  assert.deepEqual([found_model.id, found_model.assumed], ["trained", undefined]);
  store.records = [unknown];
  const alone = (await ask()).found_model;
  assert.deepEqual([alone.id, alone.assumed], ["import", assumed]);
  const { error, nearest } = await ask({ hidden_layers_config: [64] });
  assert.equal(error, "Model not trained yet.");
  assert.deepEqual(
    nearest.differs.toSorted(),
    ["batch_size", "epochs", "hidden_layers_config", "learning_rate_range", "optimizer"],
  );
  assert.deepEqual((await (await predict({ model_id: "import", image_data: drawing })).json()).found_model, alone);
});

Deno.test("the model sees the drawing as 784 bytes of ink, whatever content type the body has", async () => {
  let seen = new Uint8Array();
  const { post } = createApp([record()], () =>
    Promise.resolve({
      predict(pixels) {
        seen = pixels.slice();
        return Promise.resolve(probabilitiesOf(1, 1));
      },
      close() {},
    }));
  const response = await post(JSON.stringify({ params, image_data: drawing }), { "Content-Type": "text/plain" });
  assert.equal(response.status, 200);
  assert.deepEqual([seen.length, seen[0], seen[14 * 28 + 14]], [784, 0, 255]);
});

Deno.test("without a match the answer names the nearest model and the page that trains one", async () => {
  const near = record({ id: "near", num_epochs: 3 });
  const { predict } = createApp([record({ id: "far", optimizer: "SGD", batch_size: 64 }), near]);
  const response = await predict({ params, image_data: drawing });
  assert.equal(response.status, 404);
  const { train_url, ...answer } = await response.json();
  assert.deepEqual(answer, { error: "Model not trained yet.", nearest: { model: near, differs: ["epochs"] } });
  const url = new URL(train_url);
  assert.equal(url.origin, "http://localhost:8000");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate_range: "High",
    epochs: "1",
    batch_size: "32",
    hidden_layers_config: "128",
    use_dropout: "false",
  });
  const empty = await (await createApp([]).predict({ params, image_data: drawing })).json();
  assert.equal(empty.nearest, null);
});

Deno.test("a compressed body is answered like a plain one, and an encoding that is not taken is named", async () => {
  const { post } = createApp();
  const body = new Uint8Array(gzipSync(JSON.stringify({ params, image_data: drawing })));
  assert.equal((await (await post(body, { "Content-Encoding": "gzip" })).json()).prediction, 7);
  const [status, error] = await errorOf(post(body, { "Content-Encoding": "br" }));
  assert.equal(status, 415);
  assert.match(error, /gzip or deflate/);
});

Deno.test("a bad body is refused with the field's name", async () => {
  const { post, predict } = createApp();
  const cases: [body: unknown, error: RegExp][] = [
    ["text", /the body must be a JSON object/],
    [{ image_data: drawing }, /params/],
    [{ params }, /image_data is missing/],
    [{ params: { ...params, epochs: "3" }, image_data: drawing }, /params\.epochs/],
    [{ params: { ...params, hidden_layers_config: [0] }, image_data: drawing }, /params\.hidden_layers_config/],
    [{ params: { ...params, learning_rate_range: "Medium" }, image_data: drawing }, /params\.learning_rate_range/],
    [{ params, image_data: "data:image/jpeg;base64,AAAA" }, /image_data must be a PNG data URL/],
    [{ params, image_data: "data:image/png;base64,A*" }, /image_data is not valid base64/],
    [{ params, image_data: "data:image/png;base64,AAAA" }, /image_data: the picture is not a PNG/],
  ];
  for (const [body, expected] of cases) {
    const [status, error] = await errorOf(predict(body));
    assert.equal(status, 400);
    assert.match(error, expected);
  }
  assert.deepEqual(await errorOf(post("{")), [400, "the body is not valid JSON"]);
  assert.deepEqual(await errorOf(post("")), [400, "the body is not valid JSON"]);
});

Deno.test("a deeply nested body is refused", async () => {
  const nested = "[".repeat(1_000_000) + "]".repeat(1_000_000);
  const withEpochs = JSON.stringify({ params: { ...params, epochs: null }, image_data: drawing }).replace(
    "null",
    nested,
  );
  for (const body of [nested, `{"params": ${nested}, "image_data": "${drawing}"}`, withEpochs]) {
    assert.equal((await errorOf(createApp().post(body)))[0], 400);
  }
});

Deno.test("a blank page asks for a digit", async () => {
  const blank = pngUrl({ width: 30, height: 30, channels: 4, data: new Uint8Array(30 * 30 * 4).fill(128) });
  const [status, error] = await errorOf(createApp().predict({ params, image_data: blank }));
  assert.equal(status, 400);
  assert.match(error, /draw a digit first/);
});

Deno.test("a body over 24 MiB is refused, whether it declares its length or not", async () => {
  const { post } = createApp();
  const [status, error] = await errorOf(post("{}", { "Content-Length": String(24 * 1024 * 1024 + 1) }));
  assert.deepEqual([status, error], [413, "the body is too large: at most 24 MiB are taken"]);
  const piece = new Uint8Array(1024 * 1024);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent++;
      controller.enqueue(piece);
    },
  });
  assert.equal((await errorOf(post(endless)))[0], 413);
  assert.ok(sent < 30, `took ${sent} MiB`);
});

Deno.test("a stored model that cannot be used is a 409 with the reason", async () => {
  const broken: OpenPredictor = ({ id }) => Promise.reject(new UnusableModelError(`the file of ${id} is empty`));
  const [status, error] = await errorOf(createApp([record()], broken).predict({ params, image_data: drawing }));
  assert.equal(status, 409);
  assert.match(error, /the file of model_simplenn_adam_1 is empty/);

  const diverged: OpenPredictor = () =>
    Promise.resolve({ predict: () => Promise.resolve(new Float32Array(10).fill(NaN)), close() {} });
  assert.equal((await errorOf(createApp([record()], diverged).predict({ params, image_data: drawing })))[0], 409);
});

Deno.test("a model replaced between look-up and opening is looked up again", async () => {
  const { store, predict } = createApp([record({ id: "old" })], (model) => {
    if (model.id === "new") return openSeven(model);
    store.records = [record({ id: "new", timestamp: 2 })];
    return Promise.reject(new UnusableModelError("old.pth is missing"));
  });
  const answer = await (await predict({ params, image_data: drawing })).json();
  assert.equal(answer.found_model.id, "new");
});

Deno.test("an unsuccessful search for a model among ten thousand takes well under a second", async () => {
  const records = Array.from({ length: 10_000 }, (_, i) => record({ id: `m${i}`, num_epochs: 2 }));
  const { predict } = createApp(records);
  for (const { id } of records.slice(-16)) {
    assert.equal((await predict({ model_id: id, image_data: drawing })).status, 200);
  }
  const start = performance.now();
  const response = await predict({ params, image_data: drawing });
  assert.ok(performance.now() - start < 500);
  assert.deepEqual([response.status, (await response.json()).nearest.differs], [404, ["epochs"]]);
});

Deno.test("damaged metadata is a 503 that says so", async () => {
  const { app, store } = createApp();
  store.list = () => Promise.reject(new RegistryError("models_metadata.json is not valid JSON"));
  const answer = await errorOf(app.request("http://localhost:8001/api/models"));
  assert.deepEqual(answer, [503, "models_metadata.json is not valid JSON"]);
});

Deno.test("the stored models are listed, and each has its own address", async () => {
  const records = [record({ id: "b", timestamp: 2 }), record({ id: "a" })];
  const { app } = createApp(records);
  assert.deepEqual(await (await app.request("http://localhost:8001/api/models")).json(), records);
  assert.deepEqual(await (await app.request("http://localhost:8001/api/models/a")).json(), records[1]);
  const file = await app.request("http://localhost:8001/api/models/a/model.pth");
  assert.equal(await file.text(), "a.pth");
  assert.deepEqual(await errorOf(app.request("http://localhost:8001/api/models/x")), [404, 'There is no model "x".']);
  assert.equal((await (await app.request("http://localhost:8001/healthz")).json()).status, "ok");
});
