/** Times listing, matching and storing in a folder of ten thousand models. */
import { join } from "node:path";
import { parameterSpecs } from "../../core/models/spec.ts";
import { answerPrediction } from "../../inference_service/predict.ts";
import { DrawingReader } from "../../inference_service/drawing/drawing_reader.ts";
import { PredictorCache } from "../../inference_service/predictor_cache.ts";
import {
  DEFAULT_CONFIG,
  findMatch,
  findNearest,
  type ModelRecord,
  paramsOf,
  type PredictParams,
} from "../../protocol/mod.ts";
import { type NewModel, specOf } from "../../lab/models/mod.ts";
import { createServiceApp } from "../../service/http/app.ts";
import { HttpError } from "../../service/http/errors.ts";
import { addModelRoutes } from "../../service/http/model_routes.ts";
import type { Bench, Case, Figure } from "./case.ts";
import { median } from "./measure.ts";
import { withFolder } from "./service_process.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const COUNT = 10_000;
/** The number of models that the service keeps open. */
const OPEN_MODELS = 16;
const ROUNDS = 9;

const MODEL: NewModel = {
  ...DEFAULT_CONFIG,
  batch_size: 32,
  num_epochs: 1,
  hidden_layers_config: [4],
  accuracy: 94.1,
  training_time: 36.86,
};
/** Matches none of the models, so the service looks at all of them, twice. */
const PARAMS = { ...paramsOf(MODEL), learning_rate_range: "High", epochs: 200 } as PredictParams;

/** Times storing, listing and removing models in folders of several sizes. */
export function registryCases(bench: Bench): Case[] {
  const name = `registry of ${COUNT.toLocaleString("en")} models`;
  return [
    { name: `${name}, listed`, measure: () => withModels((folder) => measureListing(bench, folder)) },
    { name: `${name}, matched`, measure: () => withModels(measureMatching) },
    { name: `${name}, stored into`, measure: () => withModels(measureStoring) },
  ];
}

function withModels(measure: (folder: string) => Promise<Figure[]>): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const records = Array.from({ length: COUNT }, (_, i) => {
      const id = `model_simplenn_adam_${1_700_000_000 + i}`;
      return { ...MODEL, id, filename: `${id}.pth`, timestamp: 1_700_000_000 + i, batch_size: 1 + i % 2048, seed: i };
    });
    const path = join(folder, "models_metadata.json");
    await Deno.writeTextFile(path, `${JSON.stringify(records, null, 2)}\n`);
    // Makes the file look as if it was not written just now.
    await Deno.utime(path, new Date(2020, 0), new Date(2020, 0));
    return await measure(folder);
  });
}

async function measureListing({ settings }: Bench, folder: string): Promise<Figure[]> {
  const cold = await milliseconds(async () => proveList(await (await openRegistry(folder)).list()));
  const registry = await openRegistry(folder);
  const app = createServiceApp(settings, "training");
  addModelRoutes(app, registry);
  const get = async () => await (await app.request("http://localhost/api/models")).arrayBuffer();
  proveList(JSON.parse(new TextDecoder().decode(await get())));
  return [
    { value: await milliseconds(() => registry.list()), unit: "ms" },
    { value: cold, unit: "ms cold" },
    { value: await milliseconds(get), unit: "ms GET /api/models" },
  ];
}

async function measureMatching(folder: string): Promise<Figure[]> {
  const store = await openRegistry(folder);
  const records = await store.list();
  const predictors = new PredictorCache(() =>
    Promise.resolve({ predict: () => Promise.resolve(new Float32Array(10).fill(0.1)), close() {} })
  );
  for (const record of records.slice(-OPEN_MODELS)) await predictors.predict(record, new Uint8Array(784));
  const deps = { store, predictors, drawings: new DrawingReader() };
  const body = JSON.stringify({ params: PARAMS, image_data: "data:image/png;base64," });
  const lookUp = async () => {
    try {
      await answerPrediction(deps, body, "http://localhost");
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return;
      throw error;
    }
    throw new Error("found a model that does not exist");
  };
  try {
    if (findNearest(records, PARAMS)?.differs.join() !== "epochs") {
      throw new Error("not the nearest model");
    }
    return [
      { value: await milliseconds(() => findMatch(records, PARAMS)), unit: "ms findMatch" },
      { value: await milliseconds(() => findNearest(records, PARAMS)), unit: "ms findNearest" },
      { value: await milliseconds(() => store.findDuplicate({ ...MODEL, num_epochs: 2 })), unit: "ms findDuplicate" },
      { value: await milliseconds(lookUp), unit: "ms /predict's look-up" },
    ];
  } finally {
    predictors.close();
    deps.drawings.close();
  }
}

async function measureStoring(folder: string): Promise<Figure[]> {
  const registry = await openRegistry(folder, { write: true });
  const weights = parameterSpecs(specOf(MODEL)).map(({ name, shape }) => (
    { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }
  ));
  const small = await withFolder(async (empty) => {
    const registry = await openRegistry(empty, { write: true });
    return await milliseconds(() => registry.store(MODEL, weights));
  });
  await registry.store(MODEL, weights);
  const pauses: number[] = [];
  const value = await milliseconds(async () => pauses.push(await longestPause(() => registry.store(MODEL, weights))));
  if ((await registry.list()).length !== COUNT + 1 + ROUNDS) throw new Error("a stored model is not listed");
  return [
    { value, unit: "ms" },
    { value: median(pauses), unit: "ms longest pause" },
    { value: small, unit: "ms into an empty one" },
  ];
}

/** The longest time, in ms, for which nothing else could run. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now(), longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  await work();
  clearInterval(timer);
  look();
  return longest;
}

async function milliseconds(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

function proveList(records: ModelRecord[]): void {
  const isNewestFirst = records.every(({ timestamp }, i) => i === 0 || timestamp <= records[i - 1].timestamp);
  if (records.length !== COUNT || !isNewestFirst) throw new Error("the list is incomplete or not sorted newest first");
}
