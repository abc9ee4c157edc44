/** Training steps in this process, without service and socket. */
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import type { Dataset } from "../../core/mnist/idx.ts";
import { layersOf } from "../../core/models/spec.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { firstDigits } from "../../core/testing/mnist.ts";
import { Pace } from "../../lab/training/pace.ts";
import type { Bench, Case, Figure } from "./case.ts";
import {
  flopsPerStep,
  THREAD_COUNTS,
  titleOf,
  trainerOptions,
  TRAINING_CONFIGS,
  type TrainingConfig,
} from "./configs.ts";
import { rate } from "./measure.ts";
import { peakFlops } from "./peak.ts";

/** Not counted: the engine optimises a training's programs while they run. */
export const WARM_UP_MS = 1000;
/** Steps whose losses are compared before anything is timed. */
export const PROOF_STEPS = 3;
/** The reference is in no hurry, so the proof of a network with convolutions has smaller batches. */
const MAX_CONV_PROOF_BATCH = 4;

/** Every training on one and on two threads. */
export function trainingCases(bench: Bench): Case[] {
  return TRAINING_CONFIGS.flatMap((config) =>
    THREAD_COUNTS.map((threads) => ({
      name: `train ${titleOf(config)}, ${threads} thread${threads > 1 ? "s" : ""}`,
      measure: () => measure(bench, config, threads),
    }))
  );
}

async function measure({ dataset, seconds }: Bench, config: TrainingConfig, threads: number): Promise<Figure[]> {
  await proveLosses({ dataset }, config, threads);
  try {
    const steps = await trainingSpeed(config, dataset, threads, seconds);
    return [
      { value: steps, unit: "steps/s" },
      { value: steps * config.batchSize, unit: "images/s" },
      { value: 100 * steps * flopsPerStep(config) / await peakFlops(threads, seconds), unit: "% of peak" },
    ];
  } finally {
    closeThreads();
  }
}

/**
 * Steps per second of a fresh training after its warm-up, in chunks like the service's. A training that continues gets
 * faster, because a trained network has more zero activations and zeros are skipped; so each turn starts afresh.
 */
export async function trainingSpeed(
  config: TrainingConfig,
  dataset: Dataset,
  threads: number,
  seconds: number,
): Promise<number> {
  const trainer = await openTrainer(trainerOptions(config, dataset, threads)), pace = new Pace();
  const runChunk = async () => {
    const began = performance.now(), { length } = await trainer.run(pace.chunkSteps);
    pace.took(length, performance.now() - began);
    return length;
  };
  try {
    for (const began = performance.now(); performance.now() - began < WARM_UP_MS;) await runChunk();
    return await rate(runChunk, seconds);
  } finally {
    trainer.close();
  }
}

/** The losses of the first steps equal those of the reference backend, on the first digits of the dataset. */
async function proveLosses(
  { dataset }: Pick<Bench, "dataset">,
  config: TrainingConfig,
  threads: number,
): Promise<void> {
  const hasConvolutions = layersOf(config.spec).some(({ kind }) => kind === "conv");
  const batchSize = Math.min(config.batchSize, hasConvolutions ? MAX_CONV_PROOF_BATCH : Infinity);
  const few = {
    train: firstDigits(dataset.train, batchSize * PROOF_STEPS),
    test: firstDigits(dataset.test, 1),
  };
  const options = trainerOptions({ ...config, batchSize }, few, threads);
  const losses: Float32Array[] = [];
  for (const device of ["wasm", "reference"] as const) {
    const trainer = await openTrainer({ ...options, device });
    losses.push(await trainer.run(PROOF_STEPS));
    trainer.close();
  }
  assertAllClose(losses[0], losses[1], { relative: 1e-4 }, "losses");
}
