/** Turns a run into a job for the engine, and the trained result into a model for the registry. */
import { describeNetwork, type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import {
  configOf,
  type DeviceChoice,
  isKnown,
  type ModelConfig,
  type ModelRecord,
  type ResultMessage,
  type TrainConfig,
  ValidationError,
  valueOf,
} from "../../protocol/mod.ts";
import { type NewModel, type Registry, specOf } from "../models/mod.ts";
import type { Run } from "./run.ts";
import { areFinite } from "../training/training_loop.ts";
import type { TrainedModel, TrainingJob } from "../training/training_job.ts";

/** What a training run starts from: the tensors of a run snapshot, the weights of a stored model, or neither. */
export interface Origin {
  tensors?: NamedTensor[];
  weights?: NamedTensor[];
}

/** The engine's job for a run. `device` and `threads` are the lab's; the run may name another device. */
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
    ...(config.lr_schedule == null ? {} : { schedule: config.lr_schedule }),
    ...(config.momentum == null ? {} : { momentum: config.momentum }),
    ...(config.betas == null ? {} : { betas: [config.betas[0], config.betas[1]] }),
    ...(config.weight_decay == null ? {} : { weightDecay: config.weight_decay }),
    ...(config.label_smoothing == null ? {} : { labelSmoothing: config.label_smoothing }),
    batchSize: config.batch_size,
    epochs: config.num_epochs,
    seed: config.seed,
    // A resumed run stays on its device, because another device rounds differently.
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

/** The number of epochs that a stored model has been trained; undefined if it is unknown. */
export function epochsOf(model: ModelRecord | undefined): number | undefined {
  return model !== undefined && isKnown(model, "num_epochs") ? model.num_epochs : undefined;
}

/**
 * The model of a finished run, as the registry stores it. If it is not known for how many epochs the model was trained
 * before, its record counts those of the run and names `num_epochs` in `assumed`.
 */
export function modelOf(run: Run, { accuracy, trainingTime }: TrainedModel): NewModel {
  const { config, epochsBefore } = run;
  return {
    ...configOf(config),
    num_epochs: (epochsBefore ?? 0) + config.num_epochs,
    accuracy: round(accuracy, 4),
    training_time: round(trainingTime, 3),
    seed: config.seed,
    device: run.summary.device,
    run_id: run.id,
    ...(config.start_from == null ? {} : { started_from: config.start_from }),
    ...(config.start_from != null && epochsBefore === undefined ? { assumed: ["num_epochs"] } : {}),
  };
}

/** The last message of a run whose model is stored. `device` is the lab's, for a run whose own device is unknown. */
export function resultOf(run: Run, record: ModelRecord, device: DeviceChoice): ResultMessage {
  return {
    type: "result",
    accuracy: record.accuracy,
    training_time: record.training_time,
    model_path: `/models/${record.filename}`,
    model_type: record.model_type,
    optimizer: record.optimizer,
    model_id: record.id,
    run_id: run.id,
    device: run.summary.device ?? device,
  };
}

/**
 * Refuses dropout that leaves nothing of a layer: on average, less than one unit of the widest layer in a whole batch.
 *
 * @throws {ValidationError} when dropout leaves nothing
 */
export function requireSomeLeft({ use_dropout, dropout_p, hidden_layers_config, batch_size }: TrainConfig): void {
  const units = batch_size * Math.max(...hidden_layers_config);
  if (!use_dropout || hidden_layers_config.length === 0 || units * (1 - dropout_p) >= 1) return;
  throw new ValidationError(
    `dropout_p ${dropout_p} is so near to 1 that of the ${
      units.toLocaleString("en")
    } units which the widest hidden layer ` +
      "has in a batch not one would be left; 0.2 to 0.5 is usual",
    "dropout_p",
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/**
 * The stored model that `config` starts from, if any.
 *
 * @throws {ValidationError} if there is no such model, or its layers differ
 */
export async function findStart(
  models: Pick<Registry, "get">,
  config: TrainConfig,
): Promise<ModelRecord | undefined> {
  if (config.start_from == null) return undefined;
  const record = await models.get(config.start_from);
  if (record === undefined) {
    throw new ValidationError(
      `start_from names ${JSON.stringify(config.start_from)}, and no such model is stored`,
      "start_from",
    );
  }
  if (networkOf(record) !== networkOf(config)) {
    throw new ValidationError(
      `start_from names ${record.id}, which is a ${describeNetwork(specOf(record))}; the configuration is a ${
        describeNetwork(specOf(config))
      }. ` +
        "Both must have the same layers.",
      "start_from",
    );
  }
  return record;
}

/**
 * Refuses to train from tensors of a diverged training, which an earlier lab or another program may have stored.
 *
 * @throws {ValidationError} naming the field of the configuration that refers to them
 */
export function requireFinite({ tensors, weights }: Origin, { start_from }: TrainConfig): void {
  if (weights !== undefined && !areFinite(weights)) {
    throw new ValidationError(
      `start_from names ${start_from}, whose weights are not all finite numbers: its training diverged`,
      "start_from",
    );
  }
  if (tensors?.some(({ data }) => data.some(Number.isNaN))) {
    throw new ValidationError(
      "resume names a run whose snapshot holds weights that are not numbers: its training diverged; start it anew with a " +
        "smaller learning rate",
      "resume",
    );
  }
}

/**
 * What two networks must have in common for one to start from the other's weights. Dropout has no weights, so it may be
 * on in one and off in the other.
 */
function networkOf(config: ModelConfig): string {
  const shapes = parameterSpecs(specOf(config)).map(({ shape }) => shape.join("x")).join(" ");
  return `${shapes} ${valueOf(config, "activation")} ${valueOf(config, "conv_padding")}`;
}
