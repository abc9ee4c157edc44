/** The loop of a training run: steps in chunks, losses out, a look at the stop flag in between. */
import { concatenate, type Trainer } from "../core/nn/trainer.ts";
import { Pace } from "./pace.ts";
import type { EpochEnd, LossBatch } from "./worker_messages.ts";

/** At most about thirty posts a second: more would cost the service's thread and show nobody anything. */
const POST_INTERVAL_MS = 33;

export type LoopTrainer = Pick<Trainer, "device" | "step" | "stepsPerEpoch" | "totalSteps" | "run" | "evaluate">;

export interface LoopEvents {
  onLosses(batch: LossBatch): void;
  onEpoch(end: EpochEnd): void;
}

/**
 * Trains to the end and returns the accuracy after the last epoch, in per cent of the test digits; undefined when
 * `shouldStop` said so first. It is asked before and after every chunk and during evaluation. No run is in progress when
 * this settles. `trainImages` is the number of images in an epoch.
 */
export async function runTraining(
  trainer: LoopTrainer,
  trainImages: number,
  events: LoopEvents,
  shouldStop: () => boolean,
): Promise<number | undefined> {
  const pace = new Pace();
  const epochs = trainer.totalSteps / trainer.stepsPerEpoch;
  let evaluationMs = 0;
  let accuracy: number | undefined;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const lastStep = epoch * trainer.stepsPerEpoch;
    const report = (firstStep: number, losses: Float32Array) =>
      events.onLosses({
        firstStep,
        losses,
        epoch,
        imagesPerSecond: (trainImages / trainer.stepsPerEpoch) * 1000 / pace.msPerStep,
        secondsLeft: ((trainer.totalSteps - trainer.step) * pace.msPerStep + (epochs - epoch + 1) * evaluationMs) /
          1000,
      });
    const meanLoss = await runEpoch(trainer, lastStep, pace, report, shouldStop);
    if (meanLoss === undefined) return undefined;
    const began = performance.now();
    accuracy = await trainer.evaluate(shouldStop);
    if (accuracy === undefined || shouldStop()) return undefined;
    evaluationMs = performance.now() - began;
    events.onEpoch({ epoch, meanLoss, accuracy });
  }
  return accuracy;
}

/**
 * Runs up to `lastStep` and returns the mean of the losses on the way; undefined when it stopped before. On a GPU the
 * next chunk is on its way before the losses of the last are awaited, so that it never waits for this side.
 */
async function runEpoch(
  trainer: LoopTrainer,
  lastStep: number,
  pace: Pace,
  report: (firstStep: number, losses: Float32Array) => void,
  shouldStop: () => boolean,
): Promise<number | undefined> {
  const firstStep = trainer.step;
  let sum = 0;
  let unreported: Float32Array[] = [];
  let reportedUpTo = trainer.step;
  let reportedAt = -Infinity;
  let received = firstStep;
  let began = performance.now();
  const runNext = () => trainer.step < lastStep && !shouldStop() ? trainer.run(pace.chunkSteps) : undefined;
  let next: Promise<Float32Array> | undefined;
  try {
    for (let pending = runNext(); pending !== undefined; pending = next ?? runNext()) {
      next = trainer.device === "webgpu" ? runNext() : undefined;
      // It may fail before it is awaited: then the failure of `pending` is the one to tell.
      next?.catch(() => {});
      const losses = await pending;
      // An interrupted run returns whatever an earlier one left in its place.
      if (shouldStop()) return undefined;
      const now = performance.now();
      pace.took(losses.length, now - began);
      began = now;
      received += losses.length;
      for (const loss of losses) sum += loss;
      unreported.push(losses);
      if (now - reportedAt >= POST_INTERVAL_MS || received >= lastStep) {
        report(reportedUpTo + 1, concatenate(unreported));
        unreported = [];
        reportedUpTo = received;
        reportedAt = now;
      }
    }
  } finally {
    await next?.catch(() => {});
  }
  if (received < lastStep) return undefined;
  return sum / (lastStep - firstStep);
}
