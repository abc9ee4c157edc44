/** The cost of the live pad: the training loop with and without a drawing to classify, in turn. */
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import { IMAGE_PIXELS } from "../../core/models/spec.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { LivePadBoard, LivePadClassifier } from "../../lab/training/live_pad.ts";
import type { LoopProgress } from "../../lab/training/training_job.ts";
import { type Pause, runTraining } from "../../lab/training/training_loop.ts";
import type { Bench, Case, Figure } from "./case.ts";
import { THREAD_COUNTS, titleOf, trainerOptions, TRAINING_CONFIGS, type TrainingConfig } from "./configs.ts";
import { compareInTurn } from "./measure.ts";

const PROOF_STEPS = 40;

/** Trainings of batch 64 with and without the live pad. */
export function watchCases(bench: Bench): Case[] {
  return TRAINING_CONFIGS.filter(({ batchSize }) => batchSize === 64).flatMap((config) =>
    THREAD_COUNTS.map((threads) => ({
      name: `watch ${titleOf(config)}, ${threads} thread${threads > 1 ? "s" : ""}`,
      measure: () => measure(bench, config, threads),
    }))
  );
}

async function measure({ dataset, seconds, pairs }: Bench, config: TrainingConfig, threads: number): Promise<Figure[]> {
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
    const losses = await plain.run(PROOF_STEPS);
    for (let step = 0; step < PROOF_STEPS; step += 8) {
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
