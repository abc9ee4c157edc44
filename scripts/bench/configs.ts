/** The models that are timed, and the cost of one step. */
import type { Dataset } from "../../core/mnist/idx.ts";
import { layersOf, type ModelSpec } from "../../core/models/spec.ts";
import type { TrainerOptions } from "../../core/training/trainer.ts";

/** A training run that is timed. */
export interface TrainingConfig {
  spec: ModelSpec;
  batchSize: number;
}

const simple = (...hiddenLayers: number[]): ModelSpec => ({ modelType: "SimpleNN", hiddenLayers });
const conv = (...hiddenLayers: number[]): ModelSpec => ({ modelType: "ConvNN", hiddenLayers });

/** The training runs of the tables in docs/performance.md. */
export const TRAINING_CONFIGS: readonly TrainingConfig[] = [
  { spec: simple(128), batchSize: 32 },
  { spec: simple(128, 64), batchSize: 64 },
  { spec: simple(512, 256), batchSize: 128 },
  { spec: conv(128), batchSize: 32 },
  { spec: conv(128), batchSize: 64 },
];

/** The models whose predictions are timed. */
export const INFERENCE_SPECS: readonly ModelSpec[] = [simple(128), conv(128)];

/** Numbers of threads that are timed; the machines of the tables have two cores. */
export const THREAD_COUNTS = [1, 2] as const;

/** Seed of the initial weights and the batches. */
export const SEED = 1;

/** Such as `SimpleNN [128, 64]`. */
export const nameOf = ({ modelType, hiddenLayers }: ModelSpec) => `${modelType} [${hiddenLayers.join(", ")}]`;
/** Such as `SimpleNN [128] b32`. */
export const titleOf = ({ spec, batchSize }: TrainingConfig) => `${nameOf(spec)} b${batchSize}`;

/** Adam at 0.001 on WASM, for more epochs than any timing lasts. */
export function trainerOptions({ spec, batchSize }: TrainingConfig, dataset: Dataset, threads: number): TrainerOptions {
  const optimization = { optimizer: "Adam", learningRate: 0.001, batchSize, epochs: 10_000, seed: SEED } as const;
  return { spec, ...optimization, dataset, device: "wasm", threads };
}

/**
 * Floating-point operations of a training step by the dense count: 2·m·n·k for the product of m × k with k × n, once
 * forward, once for the gradient of the weights and, except in the first layer, once for that of the input. A
 * convolution is a product with a row for each pixel of the result and k = taps · channels. All other operations are
 * left out.
 */
export function flopsPerStep({ spec, batchSize }: TrainingConfig): number {
  const products = productsOf(spec);
  return products.reduce((sum, { m, n, k }, i) => sum + (i === 0 ? 2 : 3) * 2 * batchSize * m * n * k, 0);
}

/** Rows m, columns n and depth k of the product in each layer, for one image. */
function productsOf(spec: ModelSpec): { m: number; n: number; k: number }[] {
  return layersOf(spec).flatMap((layer) => {
    if (layer.kind === "linear") return [{ m: 1, n: layer.units, k: layer.input[0] }];
    if (layer.kind !== "conv") return [];
    const { kernel, input: [, , inputs], output: [height, width, outputs] } = layer;
    return [{ m: height * width, n: outputs, k: kernel * kernel * inputs }];
  });
}
