/** From a run to what its worker is asked for, and from what the worker made to what is stored. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { DeviceChoice } from "../../protocol/mod.ts";
import { type NewModel, specOf } from "../models/mod.ts";
import type { Run } from "./run.ts";
import type { TrainedModel, TrainingJob } from "../training/training_job.ts";

/** What a training begins with: the tensors of its checkpoint, given weights, or fresh ones. */
export interface Origin {
  tensors?: NamedTensor[];
  weights?: NamedTensor[];
}

export function jobOf(
  { config, past, livePads }: Run,
  { tensors, weights }: Origin,
  { device, threads }: { device: DeviceChoice; threads: number },
): TrainingJob {
  const checkpoint = past?.checkpoint;
  return {
    spec: specOf(config),
    optimizer: config.optimizer,
    learningRate: config.learning_rate,
    batchSize: config.batch_size,
    epochs: config.num_epochs,
    seed: config.seed,
    // Where it began: another device rounds otherwise.
    device: past?.device ?? checkpoint?.device ?? config.device ?? device,
    threads,
    livePads: livePads.board.buffer,
    ...(weights === undefined ? {} : { weights }),
    ...(checkpoint === undefined || tensors === undefined ? {} : {
      resume: {
        step: checkpoint.step,
        tensors,
        progress: {
          epochsDone: checkpoint.epochs_done,
          lossSum: checkpoint.loss_sum ?? NaN,
          accuracy: checkpoint.accuracy ?? undefined,
        },
        seconds: checkpoint.seconds,
      },
    }),
  };
}

export function modelOf(run: Run, { accuracy, trainingTime }: TrainedModel): NewModel {
  const { config } = run;
  return {
    model_type: config.model_type,
    optimizer: config.optimizer,
    learning_rate: config.learning_rate,
    batch_size: config.batch_size,
    num_epochs: config.num_epochs,
    hidden_layers_config: config.hidden_layers_config,
    use_dropout: config.use_dropout,
    dropout_p: config.dropout_p,
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
