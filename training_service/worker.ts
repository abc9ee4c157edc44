/** The training thread: holds the digits, trains one job at a time, and stays for the next. */
import type { Dataset } from "../core/mnist/idx.ts";
import { openTrainerOn } from "../core/nn/device_choice.ts";
import { readDataset } from "./dataset.ts";
import { runTraining } from "./training_loop.ts";
import type { FromWorker, ToWorker, TrainedModel, TrainingJob } from "./worker_messages.ts";

let dataset: Dataset;
let stopFlag: Int32Array<SharedArrayBuffer>;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "open") {
    stopFlag = new Int32Array(data.stopFlag);
    post(await open(data.dataDir));
  } else {
    post(await answerJob(data.job));
  }
};

async function open(dataDir: string): Promise<FromWorker> {
  try {
    dataset = await readDataset(dataDir);
    return { type: "ready", trainImages: dataset.train.count };
  } catch (error) {
    return { type: "unreadable", message: messageOf(error) };
  }
}

async function answerJob(job: TrainingJob): Promise<FromWorker> {
  try {
    const model = await train(job);
    return model === undefined ? { type: "stopped" } : { type: "trained", model };
  } catch (error) {
    console.error("training worker:", error);
    return { type: "failed", message: explain(error) };
  }
}

/** Undefined when the stop flag ended the training. */
async function train(job: TrainingJob): Promise<TrainedModel | undefined> {
  const began = performance.now();
  const { trainer, reason } = await openTrainerOn(job.device, { ...job, dataset });
  try {
    post({
      type: "start",
      start: { device: trainer.device, reason, totalSteps: trainer.totalSteps, stop: trainer.stop },
    });
    const accuracy = await runTraining(trainer, dataset.train.count, {
      onLosses: (batch) => post({ type: "losses", batch }),
      onEpoch: (end) => post({ type: "epoch", end }),
    }, () => Atomics.load(stopFlag, 0) !== 0);
    if (accuracy === undefined) return undefined;
    return { weights: await trainer.weights(), accuracy, trainingTime: (performance.now() - began) / 1000 };
  } finally {
    trainer.close();
  }
}

function explain(error: unknown): string {
  const message = messageOf(error);
  return /memory|allocation/i.test(message)
    ? `There is not enough memory for this training; a smaller batch or narrower layers need less. (${message})`
    : `The training failed: ${message}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function post(message: FromWorker) {
  self.postMessage(message);
}
