/** `POST /predict` of the inference service. */
import * as v from "valibot";
import * as field from "./fields.ts";
import { type ModelRecord, ModelRecordSchema } from "./model_record.ts";

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
    model_id: v.optional(field.modelId),
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

export const PredictResponseSchema = v.object({
  prediction: v.number(),
  /** Such as `98.12%`. */
  confidence: v.string(),
  /** Ten numbers in digit order that sum to 1. */
  probabilities: v.array(v.number()),
  found_model: v.object({
    id: v.string(),
    accuracy: v.string(),
    learning_rate: v.number(),
    epochs: v.number(),
    training_time: v.string(),
  }),
});
export type PredictResponse = v.InferOutput<typeof PredictResponseSchema>;

export const NotTrainedResponseSchema = v.object({
  error: v.literal("Model not trained yet."),
  train_url: v.string(),
  /** The closest stored model and the fields that differ; null when none is stored. */
  nearest: v.nullable(v.object({ model: ModelRecordSchema, differs: v.array(v.string()) })),
});
export type NotTrainedResponse = v.InferOutput<typeof NotTrainedResponseSchema>;

/** The answer of the model `record`, from its probabilities in digit order; they must be finite. */
export function describePrediction(record: ModelRecord, probabilities: ArrayLike<number>): PredictResponse {
  const shares = Array.from(probabilities);
  const confidence = Math.max(...shares);
  return {
    prediction: shares.indexOf(confidence),
    confidence: `${(confidence * 100).toFixed(2)}%`,
    probabilities: shares,
    found_model: {
      id: record.id,
      accuracy: `${record.accuracy.toFixed(2)}%`,
      learning_rate: record.learning_rate,
      epochs: record.num_epochs,
      training_time: `${record.training_time.toFixed(2)}s`,
    },
  };
}
