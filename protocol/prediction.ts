/** `POST /predict` of the inference service. */
import * as v from "valibot";
import * as field from "./fields.ts";
import type { NearestModel } from "./matching.ts";
import type { ModelRecord } from "./model_record.ts";

/** Largest body of `POST /predict`, in bytes. */
export const MAX_PREDICT_BYTES = 24 * 1024 * 1024;

export const PredictParamsSchema = v.object({
  model_type: field.modelType,
  optimizer: field.optimizer,
  learning_rate_range: field.learningRateRange,
  batch_size: field.batchSize,
  epochs: field.epochs,
  hidden_layers_config: field.hiddenLayers,
  use_dropout: v.optional(field.useDropout, false),
});

export type PredictParams = v.InferOutput<typeof PredictParamsSchema>;

const imageData = v.pipe(
  v.string("must be a PNG data URL"),
  v.startsWith("data:image/png;base64,", "must be a PNG data URL (data:image/png;base64,…)"),
);

export const PredictRequestSchema = v.pipe(
  v.object({
    params: v.optional(PredictParamsSchema),
    model_id: v.optional(v.string("must be the id of a stored model")),
    image_data: imageData,
  }),
  v.forward(
    v.partialCheck(
      [["params"], ["model_id"]],
      (body) => body.params !== undefined || body.model_id !== undefined,
      "or model_id must be given",
    ),
    ["params"],
  ),
);

export type PredictRequest = v.InferOutput<typeof PredictRequestSchema>;

/** Why the drawing may be no digit at all. The likeliest digit is named all the same, as a guess. */
export interface Doubt {
  reason: "not_a_digit";
  message: string;
  /** Of MNIST's test digits, in per cent, how many are doubted though they are digits. */
  false_alarm_percent: number;
}

export interface PredictResponse {
  prediction: number;
  /** Such as `98.12%`. */
  confidence: string;
  /** Ten numbers in digit order that sum to 1. */
  probabilities: number[];
  /** Null for what looks like a digit; the same rule for every model. */
  doubt: Doubt | null;
  found_model: {
    id: string;
    accuracy: string;
    learning_rate: number;
    epochs: number;
    training_time: string;
  };
}

export interface NotTrainedResponse {
  error: "Model not trained yet.";
  train_url: string;
  /** The closest stored model and the fields that differ; null when none is stored. */
  nearest: NearestModel | null;
}

/** `isDoubted`: whether the picture looks like no digit. `falseAlarmPercent`: how often that is said of digits. */
export function describeDoubt(isDoubted: boolean, falseAlarmPercent: number): Doubt | null {
  if (!isDoubted) return null;
  return {
    reason: "not_a_digit",
    message: "This does not look like a digit.",
    false_alarm_percent: falseAlarmPercent,
  };
}

/** The answer of the model `record`, from its probabilities in digit order; they must be finite. */
export function describePrediction(
  record: ModelRecord,
  probabilities: ArrayLike<number>,
  doubt: Doubt | null,
): PredictResponse {
  const shares = Array.from(probabilities);
  const confidence = Math.max(...shares);
  return {
    prediction: shares.indexOf(confidence),
    confidence: `${(confidence * 100).toFixed(2)}%`,
    probabilities: shares,
    doubt,
    found_model: {
      id: record.id,
      accuracy: `${record.accuracy.toFixed(2)}%`,
      learning_rate: record.learning_rate,
      epochs: record.num_epochs,
      training_time: `${record.training_time.toFixed(2)}s`,
    },
  };
}
