/** Times `POST /predict` under load: a separate process with many clients sends drawings as a browser would. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { openPredictor } from "../../core/training/predictor.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { DEFAULT_CONFIG, type ModelRecord, type PredictResponse } from "../../protocol/mod.ts";
import { decodePng } from "../../inference_service/drawing/png/decode.ts";
import type { Bench, Case, Figure } from "./case.ts";
import { trainerOptions, TRAINING_CONFIGS } from "./configs.ts";
import { drawTestDigit, pngOf } from "./inference.ts";
import type { Load } from "./predict_client.ts";
import { withFolder, withService } from "./service_process.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const CLIENTS = 32;
const DRAWINGS = 8;
/** How long the service is kept busy before measuring: until then, V8 compiles hot code on the same cores. */
const WARM_UP_SECONDS = 15;
const [CONFIG] = TRAINING_CONFIGS;

/** Predictions over HTTP from 32 clients. */
export function predictCases(bench: Bench): Case[] {
  return [{
    name: `predict over HTTP, ${CLIENTS} clients`,
    measure: () =>
      withPredictions(
        bench,
        (modelsDir, { bodies, probabilities }) =>
          withService("inference", modelsDir, async ({ url }) => {
            const answers = await Promise.all(bodies.map((body) => ask(url, body)));
            answers.forEach((answer, i) =>
              assertAllClose(answer.probabilities, probabilities[i], { relative: 1e-4, absolute: 1e-5 }, `drawing ${i}`)
            );
            await warmUp(url, bodies);
            return figuresOf(await load(url, bodies, bench.seconds));
          }),
      ),
  }];
}

/** Requests for a stored model, and the reference backend's answers to them. */
export interface Predictions {
  record: ModelRecord;
  /** JSON texts. */
  bodies: string[];
  probabilities: Float32Array[];
}

/** Runs `body` with a models folder that holds one model, trained for an epoch. */
export function withPredictions<T>(
  bench: Bench,
  body: (modelsDir: string, predictions: Predictions) => Promise<T>,
): Promise<T> {
  return withFolder(async (modelsDir) => {
    const weights = await learn(bench);
    const record = await store(modelsDir, weights);
    const pngs = Array.from({ length: DRAWINGS }, (_, i) => pngOf(drawTestDigit(bench.dataset.test, i)));
    const bodies = pngs.map((png) =>
      JSON.stringify({
        model_id: record.id,
        image_data: `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
      })
    );
    const reference = await openPredictor(CONFIG.spec, weights, { device: "reference" });
    const probabilities: Float32Array[] = [];
    for (const png of pngs) probabilities.push(await reference.predict(prepareDrawing(decodePng(png))));
    reference.close();
    return await body(modelsDir, { record, bodies, probabilities });
  });
}

async function learn({ dataset }: Bench): Promise<NamedTensor[]> {
  const trainer = await openTrainer(trainerOptions(CONFIG, dataset, 1));
  while (trainer.step < trainer.stepsPerEpoch) await trainer.run(trainer.stepsPerEpoch);
  const weights = await trainer.weights();
  trainer.close();
  return weights;
}

async function store(modelsDir: string, weights: NamedTensor[]): Promise<ModelRecord> {
  const registry = await openRegistry(modelsDir);
  return await registry.store({
    ...DEFAULT_CONFIG,
    model_type: CONFIG.spec.modelType,
    optimizer: "Adam",
    learning_rate: 0.001,
    batch_size: CONFIG.batchSize,
    num_epochs: 1,
    hidden_layers_config: [...CONFIG.spec.hiddenLayers],
    accuracy: 0,
    training_time: 0,
  }, weights);
}

/** One prediction; rejects for any status but 200. */
export async function ask(url: string, body: string): Promise<PredictResponse> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/predict`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`/predict answers ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** Loads a service until its code is compiled. */
export async function warmUp(url: string, bodies: readonly string[]): Promise<void> {
  await load(url, bodies, WARM_UP_SECONDS);
}

/** Lets all clients load a service for `seconds`, from a process of their own. */
export async function load(url: string, bodies: readonly string[], seconds: number): Promise<Load> {
  const client = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      `--allow-net=${new URL(url).host}`,
      join(import.meta.dirname!, "predict_client.ts"),
      url,
      String(CLIENTS),
      String(seconds),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const sent = new Blob([JSON.stringify(bodies)]).stream().pipeTo(client.stdin);
  const { success, stdout } = await client.output();
  await sent;
  if (!success) throw new Error("the clients could not finish");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Converts a load into the benchmark's figures. */
export function figuresOf({ perSecond, p50, p99 }: Load): Figure[] {
  return [
    { value: perSecond, unit: "requests/s" },
    { value: p50, unit: "ms p50" },
    { value: p99, unit: "ms p99" },
  ];
}
