/** `POST /predict` of the inference service. */
import * as v from "valibot";
import * as field from "./fields.ts";
import { ModelRecordSchema } from "./model_record.ts";
import { PredictParamsSchema } from "./predict_params.ts";

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

/** Why the drawing may be no digit at all. The likeliest digit is named all the same, as a guess. */
export const DoubtSchema = v.object({
  reason: v.literal("not_a_digit"),
  message: v.string(),
  /** Of MNIST's test digits, in per cent, how many are doubted though they are digits. */
  false_alarm_percent: v.number(),
});
export type Doubt = v.InferOutput<typeof DoubtSchema>;

export const PredictResponseSchema = v.object({
  prediction: v.number(),
  /** Such as `98.12%`. */
  confidence: v.string(),
  /** Ten numbers in digit order that sum to 1. */
  probabilities: v.array(v.number()),
  /** Null for what looks like a digit; the same rule for every model. */
  doubt: v.nullable(DoubtSchema),
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
