/** The worker's side of training: it holds the digits and trains one job after the other. */
import type { Dataset } from "../../core/mnist/idx.ts";
import { parameterSpecs } from "../../core/models/spec.ts";
import { openTrainerOn } from "../../core/training/device_choice.ts";
import type { Log } from "../host.ts";
import { LivePadBoard, LivePadClassifier } from "./live_pad.ts";
import {
  DivergedError,
  type LoopProgress,
  type Snapshot,
  type TrainedModel,
  type TrainingJob,
} from "./training_job.ts";
import { areFinite, isTorn, runTraining, SnapshotTimer } from "./training_loop.ts";
import type { FromWorker, ToWorker } from "./worker_engine.ts";

/**
 * Called in a worker: serves the requests of a `WorkerEngine`.
 *
 * @param readDataset reads all digits of the `dataDir` that the engine names; throws an `Error` that says why if it
 * cannot
 */
export function serveTrainings(readDataset: (dataDir: string) => Promise<Dataset>, log: Log): void {
  let dataset: Dataset;
  let stopFlag: Int32Array<SharedArrayBuffer>;

  const open = async (dataDir: string): Promise<FromWorker> => {
    try {
      dataset = await readDataset(dataDir);
      return { type: "ready", trainImages: dataset.train.count };
    } catch (error) {
      return { type: "unreadable", message: messageOf(error) };
    }
  };
  const answerJob = async (job: TrainingJob): Promise<FromWorker> => {
    try {
      const model = await train(job, dataset, () => Atomics.load(stopFlag, 0) !== 0);
      return model === undefined ? { type: "stopped" } : { type: "trained", model };
    } catch (error) {
      if (error instanceof DivergedError) return { type: "diverged", divergence: error.divergence };
      log.error("training failed", {}, error);
      return { type: "failed", message: explain(error) };
    }
  };
  self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
    if (data.type === "open") {
      stopFlag = new Int32Array(data.stopFlag);
      post(await open(data.dataDir));
    } else {
      post(await answerJob(data.job));
    }
  };
}

/** Trains one job; undefined if it was stopped. */
async function train(
  job: TrainingJob,
  dataset: Dataset,
  shouldStop: () => boolean,
): Promise<TrainedModel | undefined> {
  const began = performance.now();
  const { trainer, reason } = await openTrainerOn(job.device, { ...job, dataset });
  const parameters = new Set(parameterSpecs(job.spec).map(({ name }) => name));
  const progress: LoopProgress = job.resume?.progress ?? { epochsDone: 0, lossSum: 0 };
  const takeSnapshot = async (): Promise<Snapshot> => ({
    ...await trainer.state(),
    progress: { ...progress },
    seconds: (job.resume?.seconds ?? 0) + (performance.now() - began) / 1000,
  });
  const isSound = ({ tensors }: Snapshot) => areFinite(tensors.filter(({ name }) => parameters.has(name)));
  const timer = new SnapshotTimer(async () => {
    const snapshot = await takeSnapshot();
    if (!isSound(snapshot)) throw new DivergedError({ step: trainer.step, found: "weights" });
    post({ type: "snapshot", snapshot });
  });
  const classifier = new LivePadClassifier(
    new LivePadBoard(job.livePads),
    trainer,
    (answer) => post({ type: "livePad", answer }),
  );
  try {
    post({
      type: "start",
      start: { device: trainer.device, reason, totalSteps: trainer.totalSteps, stop: trainer.stop },
    });
    const accuracy = await runTraining(
      trainer,
      dataset.train.count,
      {
        onLosses: (batch) => post({ type: "losses", batch }),
        onEpoch: (end) => post({ type: "epoch", end }),
      },
      shouldStop,
      { progress, pauses: [timer, classifier] },
    );
    if (accuracy !== undefined) {
      // The last answer on a live pad is that of the finished model.
      await classifier.take();
      const weights = await trainer.weights(), snapshot = await takeSnapshot();
      return { weights, accuracy, trainingTime: snapshot.seconds, snapshot };
    }
    const hasNews = trainer.step > (job.resume?.step ?? 0);
    if (hasNews && !isTorn(trainer)) {
      post({ type: "stopping" });
      const snapshot = await takeSnapshot();
      if (isSound(snapshot)) post({ type: "snapshot", snapshot });
    }
    return undefined;
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

/** Moves a snapshot's tensors instead of copying them. */
function post(message: FromWorker) {
  const snapshot = message.type === "snapshot"
    ? message.snapshot
    : message.type === "trained"
    ? message.model.snapshot
    : undefined;
  self.postMessage(message, { transfer: snapshot?.tensors.map(({ data }) => data.buffer as ArrayBuffer) ?? [] });
}
