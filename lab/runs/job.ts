/** Turns a run into the job of its worker, and what the worker has trained into the model that is stored. */
import type { NamedTensor } from "../../core/models/spec.ts";
import { configOf, type DeviceChoice } from "../../protocol/mod.ts";
import { type NewModel, specOf } from "../models/mod.ts";
import type { Run } from "./run.ts";
import type { TrainedModel, TrainingJob } from "../training/training_job.ts";

/** What a training begins with: the tensors of a run snapshot, the weights of a stored model, or neither. */
export interface Origin {
  tensors?: NamedTensor[];
  weights?: NamedTensor[];
}

/** What the worker of a run is asked to do. `device` and `threads` are the lab's; the run may name another device. */
export function jobOf(
  { config, past, livePads }: Run,
  { tensors, weights }: Origin,
  { device, threads }: { device: DeviceChoice; threads: number },
): TrainingJob {
  const snapshot = past?.snapshot;
  return {
    spec: specOf(config),
    optimizer: config.optimizer,
    learningRate: config.learning_rate,
    batchSize: config.batch_size,
    epochs: config.num_epochs,
    seed: config.seed,
    // A resumed run stays on its device: another one rounds differently.
    device: past?.device ?? snapshot?.device ?? config.device ?? device,
    threads,
    livePads: livePads.board.buffer,
    ...(weights === undefined ? {} : { weights }),
    ...(snapshot === undefined || tensors === undefined ? {} : {
      resume: {
        step: snapshot.step,
        tensors,
        progress: {
          epochsDone: snapshot.epochs_done,
          lossSum: snapshot.loss_sum ?? NaN,
          accuracy: snapshot.accuracy ?? undefined,
        },
        seconds: snapshot.seconds,
      },
    }),
  };
}

/** The model of a finished run, as the registry stores it. */
export function modelOf(run: Run, { accuracy, trainingTime }: TrainedModel): NewModel {
  const { config } = run;
  return {
    ...configOf(config),
    accuracy: round(accuracy, 4),
    training_time: round(trainingTime, 3),
    seed: config.seed,
    device: run.summary.device,
    run_id: run.id,
    ...(config.start_from == null ? {} : { started_from: config.start_from }),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
