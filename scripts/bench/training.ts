/** Times training in this process, without service and socket, and measures the cost of the live pad. */
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import type { Dataset } from "../../core/mnist/idx.ts";
import { IMAGE_PIXELS, layersOf } from "../../core/models/spec.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { firstDigits } from "../../core/testing/mnist.ts";
import { Pace, type Pause, runTraining } from "../../lab/training/training_loop.ts";
import type { Bench, Case, Figure } from "./case.ts";
import {
  flopsPerStep,
  THREAD_COUNTS,
  titleOf,
  trainerOptions,
  TRAINING_CONFIGS,
  type TrainingConfig,
} from "./configs.ts";
import { compareInTurn, rate } from "./measure.ts";
import { peakFlops } from "./peak.ts";
import { LivePadBoard, LivePadClassifier } from "../../lab/training/live_pad.ts";
import type { LoopProgress } from "../../lab/training/training_job.ts";

/** Left out of the figures, because V8 optimises a training run's programs while they run. */
export const WARM_UP_MS = 1000;
/** Steps whose losses are compared before anything is timed. */
export const PROOF_STEPS = 3;
const LIVE_PAD_PROOF_STEPS = 40;
/** The reference backend is slow, so convolutional networks are compared on small batches. */
const MAX_CONV_PROOF_BATCH = 4;

/** Every training run on one and on two threads. */
export function trainingCases(bench: Bench): Case[] {
  return TRAINING_CONFIGS.flatMap((config) =>
    THREAD_COUNTS.map((threads) => ({
      name: `train ${titleOf(config)}, ${threads} thread${threads > 1 ? "s" : ""}`,
      measure: () => measure(bench, config, threads),
    }))
  );
}

/** Every training run on all threads beside a program that takes a core, compared with the same on one thread. */
export function busyCases(bench: Bench): Case[] {
  return TRAINING_CONFIGS.map((config) => ({
    name: `train ${titleOf(config)}, beside a busy loop`,
    measure: () => measureBusy(bench, config),
  }));
}

/** The loop ends by itself if the benchmark is killed. */
const BUSY_LOOP = "for (const end = Date.now() + 600_000; Date.now() < end;);";

async function measureBusy({ dataset, settings, seconds, pairs }: Bench, config: TrainingConfig): Promise<Figure[]> {
  await proveLosses({ dataset }, config, settings.threads);
  const loop = new Deno.Command(Deno.execPath(), { args: ["eval", BUSY_LOOP] }).spawn();
  try {
    const speed = (threads: number) => (seconds: number) => trainingSpeed(config, dataset, threads, seconds);
    const pair = { ours: speed(settings.threads), theirs: speed(1) };
    return await compareInTurn(pair, { seconds, pairs }, "steps/s", "on one thread");
  } finally {
    loop.kill("SIGKILL");
    await loop.status;
    closeThreads();
  }
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
 * Steps per second of a fresh training after its warm-up, in chunks like the service's. Each turn starts afresh,
 * because a training run gets faster as it continues: a trained network has more zero activations, and kernels skip
 * zeros.
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

/**
 * Checks that the losses of the first steps equal those of the reference backend, on the first digits of the dataset.
 */
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

/** Training runs of batch 64 with and without the live pad. */
export function livePadCases(bench: Bench): Case[] {
  return TRAINING_CONFIGS.filter(({ batchSize }) => batchSize === 64).flatMap((config) =>
    THREAD_COUNTS.map((threads) => ({
      name: `live pad, ${titleOf(config)}, ${threads} thread${threads > 1 ? "s" : ""}`,
      measure: () => measureLivePad(bench, config, threads),
    }))
  );
}

/** Runs the training loop alternately with and without a drawing to classify. The losses must be the same. */
async function measureLivePad(
  { dataset, seconds, pairs }: Bench,
  config: TrainingConfig,
  threads: number,
): Promise<Figure[]> {
  const options = trainerOptions(config, dataset, threads);
  const watched = await openTrainer(options), plain = await openTrainer(options);
  const board = new LivePadBoard();
  const drawing = dataset.test.images.slice(0, IMAGE_PIXELS);
  board.put({ slot: 0, number: 1, pixels: Uint8Array.from(drawing) });
  let guesses = 0, guessing = 0, training = 0;
  const classifier = new LivePadClassifier(board, watched, () => guesses++);
  const timed: Pause = {
    due: () => classifier.due(),
    async take() {
      const began = performance.now();
      await classifier.take();
      guessing += performance.now() - began;
    },
  };
  const train = (trainer: typeof watched, pauses: readonly Pause[]) => {
    const progress: LoopProgress = { epochsDone: 0, lossSum: 0 };
    return async (seconds: number): Promise<number> => {
      const began = performance.now(), first = trainer.step;
      const isOver = () => performance.now() - began > 1000 * seconds;
      await runTraining(trainer, dataset.train.count, { onLosses() {}, onEpoch() {} }, isOver, { progress, pauses });
      const took = performance.now() - began;
      if (trainer === watched) training += took;
      return 1000 * (trainer.step - first) / took;
    };
  };
  try {
    const losses = await plain.run(LIVE_PAD_PROOF_STEPS);
    for (let step = 0; step < LIVE_PAD_PROOF_STEPS; step += 8) {
      await classifier.take();
      assertAllClose(await watched.run(8), losses.subarray(step, step + 8), { relative: 0, absolute: 0 }, "losses");
    }
    guesses = 0;
    const figures = await compareInTurn(
      { ours: train(watched, [timed]), theirs: train(plain, []) },
      { seconds, pairs },
      "steps/s",
      "unwatched",
    );
    return [
      ...figures,
      { value: 1000 * guesses / training, unit: "guesses/s" },
      { value: 100 * guessing / training, unit: "% of the time" },
    ];
  } finally {
    watched.close();
    plain.close();
    closeThreads();
  }
}
