import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedTensor, parameterSpecs } from "../core/models/spec.ts";
import { Registry } from "../lab/models/mod.ts";
import { openStored, PredictorCache } from "./predictor_cache.ts";
import { appOn, params, pngUrl, record, stroke } from "./testing.ts";
import type { ModelRecord } from "../protocol/mod.ts";
import { openRegistry } from "../service/files/open_registry.ts";

/** Weights of a model without hidden layers that classifies every drawing as `digit`. */
function weightsFor(digit: number): NamedTensor[] {
  return parameterSpecs({ modelType: "SimpleNN", hiddenLayers: [] }).map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.endsWith("bias")) data[digit] = 3;
    return { name, shape, data };
  });
}

const { id: _id, filename: _filename, timestamp: _timestamp, ...model } = record({ hidden_layers_config: [] });

/** Runs `body` with a service and its own models folder. */
async function withService(
  body: (registry: Registry, folder: string, predict: () => Promise<Response>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const store = await openRegistry(folder);
  const predictors = new PredictorCache(openStored(store, "wasm"));
  const app = appOn(store, predictors);
  const request = { params: { ...params, hidden_layers_config: [] }, image_data: pngUrl(stroke()) };
  const post = { method: "POST", body: JSON.stringify(request) };
  try {
    await body(store, folder, async () => await app.request("http://localhost:8001/predict", post));
  } finally {
    predictors.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a stored model answers with its weights, and its replacement with its own", () =>
  withService(async (registry, _folder, predict) => {
    const first = await registry.store(model, weightsFor(4));
    const answer = await (await predict()).json();
    const expected = Math.exp(3) / (Math.exp(3) + 9);
    assert.deepEqual([answer.prediction, answer.confidence], [4, `${(expected * 100).toFixed(2)}%`]);

    const second = await registry.store(model, weightsFor(9), { replaces: first.id });
    const { prediction, found_model } = await (await predict()).json();
    assert.deepEqual([prediction, found_model.id], [9, second.id]);
  }));

Deno.test("a damaged or missing file is named", () =>
  withService(async (registry, folder, predict) => {
    const { filename } = await registry.store(model, weightsFor(4));
    await Deno.truncate(join(folder, filename), 100);
    const damaged = await predict();
    assert.equal(damaged.status, 409);
    assert.match((await damaged.json()).error, new RegExp(filename));

    await Deno.remove(join(folder, filename));
    const gone = await predict();
    assert.equal(gone.status, 409);
    assert.match((await gone.json()).error, new RegExp(`${filename}: it does not exist`));
  }));

const pixels = new Uint8Array(784);

/** A cache that records when models are opened and closed. */
function observe(capacity?: number) {
  const events: string[] = [];
  const cache = new PredictorCache((model: ModelRecord) => {
    events.push(`open ${model.id}`);
    let running = 0;
    let closed = false;
    return Promise.resolve({
      async predict() {
        assert.equal(++running, 1, "drawings for one model overlap");
        await Promise.resolve();
        running--;
        assert.ok(!closed, "closed before its answer");
        return new Float32Array(10);
      },
      close() {
        closed = true;
        events.push(`close ${model.id}`);
      },
    });
  }, capacity);
  return { cache, events };
}

/** Resolves after the closes that follow an answer. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a model is opened once and answers drawings one after the other", async () => {
  const { cache, events } = observe();
  await Promise.all(Array.from({ length: 5 }, () => cache.predict(record({ id: "a" }), pixels)));
  assert.deepEqual(events, ["open a"]);
});

Deno.test("the least recently used model is closed once it has answered", async () => {
  const { cache, events } = observe(2);
  const [a, b, c] = ["a", "b", "c"].map((id) => record({ id }));
  await cache.predict(a, pixels);
  await cache.predict(b, pixels);
  await cache.predict(a, pixels);
  const late = cache.predict(b, pixels);
  await cache.predict(a, pixels);
  await cache.predict(c, pixels);
  await late;
  await settled();
  assert.deepEqual(events, ["open a", "open b", "open c", "close b"]);
});

Deno.test("a model that changed is opened again", async () => {
  const { cache, events } = observe();
  await cache.predict(record({ id: "a" }), pixels);
  await cache.predict(record({ id: "a", timestamp: 2 }), pixels);
  await settled();
  assert.deepEqual(events, ["open a", "open a", "close a"]);
});

Deno.test("models that were removed or changed are closed, and the others stay open", async () => {
  const { cache, events } = observe();
  for (const id of ["a", "b", "c"]) await cache.predict(record({ id }), pixels);
  cache.retain([record({ id: "a" }), record({ id: "b", accuracy: 1 })]);
  await settled();
  assert.deepEqual(events.slice(3), ["close b", "close c"]);
  cache.close();
  await settled();
  assert.deepEqual(events.slice(5), ["close a"]);
});

Deno.test("a model whose record was read again unchanged stays open", async () => {
  const { cache, events } = observe();
  await cache.predict(record({ id: "a" }), pixels);
  const [again, changed] = [record({ id: "a" }), record({ id: "a", accuracy: 1 })];
  for (const records of [[again], [again], [record({ id: "b" }), record({ id: "a" })]]) cache.retain(records);
  await settled();
  assert.deepEqual(events, ["open a"]);
  cache.retain([changed]);
  await settled();
  assert.deepEqual(events, ["open a", "close a"]);
});

Deno.test("a model that could not be opened is opened at the next request", async () => {
  let attempts = 0;
  const cache = new PredictorCache(() => Promise.reject(new Error(`attempt ${++attempts}`)));
  await assert.rejects(cache.predict(record(), pixels), /attempt 1/);
  await assert.rejects(cache.predict(record(), pixels), /attempt 2/);
});
