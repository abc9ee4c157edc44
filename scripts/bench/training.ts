/** Training steps in this process, without service and socket. */
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import { openTrainer, type Trainer } from "../../core/nn/trainer.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { firstDigits } from "../../core/testing/mnist.ts";
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

/** Steps in one call: some 20 ms, as the service has them. */
const CHUNK = { SimpleNN: 32, ConvNN: 1 } as const;
export const PROOF_STEPS = 3;
/** The reference is in no hurry, so a ConvNN's proof has smaller batches. */
const MAX_PROOF_BATCH = { SimpleNN: Infinity, ConvNN: 4 } as const;

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
  const trainer = await openTrainer(trainerOptions(config, dataset, threads));
  try {
    const steps = await stepsPerSecond(trainer, config, seconds);
    return [
      { value: steps, unit: "steps/s" },
      { value: steps * config.batchSize, unit: "images/s" },
      { value: 100 * steps * flopsPerStep(config) / await peakFlops(threads, seconds), unit: "% of peak" },
    ];
  } finally {
    trainer.close();
    closeThreads();
  }
}

export function stepsPerSecond(trainer: Trainer, { spec }: TrainingConfig, seconds: number): Promise<number> {
  return rate(async () => (await trainer.run(CHUNK[spec.modelType])).length, seconds);
}

/** The first steps' losses are the reference's, on the digits at the front. */
async function proveLosses(
  { dataset }: Pick<Bench, "dataset">,
  config: TrainingConfig,
  threads: number,
): Promise<void> {
  const batchSize = Math.min(config.batchSize, MAX_PROOF_BATCH[config.spec.modelType]);
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
