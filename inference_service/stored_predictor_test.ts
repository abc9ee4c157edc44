import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedTensor, parameterSpecs } from "../core/models/spec.ts";
import { Registry } from "../lab/models/mod.ts";
import { readSettings } from "../service/settings.ts";
import { createInferenceApp } from "./app.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { openStored } from "./stored_predictor.ts";
import { params, pngUrl, record, stroke } from "./testing.ts";

/** Weights of a model without hidden layers that takes everything for `digit`. */
function weightsFor(digit: number): NamedTensor[] {
  return parameterSpecs({ modelType: "SimpleNN", hiddenLayers: [] }).map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.endsWith("bias")) data[digit] = 3;
    return { name, shape, data };
  });
}

const { id: _id, filename: _filename, timestamp: _timestamp, ...model } = record({ hidden_layers_config: [] });

/** Runs `body` with a service on a models folder of its own. */
async function withService(
  body: (registry: Registry, folder: string, predict: () => Promise<Response>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const store = await Registry.open(folder);
  const predictors = new PredictorCache(openStored(store, "wasm"));
  const app = createInferenceApp({
    settings: readSettings(() => undefined),
    store,
    predictors,
    drawings: new DrawingReader(),
  });
  const request = { params: { ...params, hidden_layers_config: [] }, image_data: pngUrl(stroke()) };
  const post = { method: "POST", body: JSON.stringify(request) };
  try {
    await body(store, folder, async () => await app.request("http://localhost:8001/predict", post));
  } finally {
    predictors.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a stored model answers from its weights, and its successor from its own", () =>
  withService(async (registry, _folder, predict) => {
    const first = await registry.store(model, weightsFor(4));
    const answer = await (await predict()).json();
    const expected = Math.exp(3) / (Math.exp(3) + 9);
    assert.deepEqual([answer.prediction, answer.confidence], [4, `${(expected * 100).toFixed(2)}%`]);

    const second = await registry.store(model, weightsFor(9), { replaces: first.id });
    const { prediction, found_model } = await (await predict()).json();
    assert.deepEqual([prediction, found_model.id], [9, second.id]);
  }));

Deno.test("a file that is damaged or gone is named", () =>
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
