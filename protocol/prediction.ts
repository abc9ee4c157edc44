/** `POST /predict` of the inference service: request and answers. */
import * as v from "valibot";
import { modelId, PredictParamsSchema } from "./requests.ts";
import { FIELD_NAMES, isKnown } from "./model_config.ts";
import { type ModelRecord, ModelRecordSchema } from "./models.ts";
import { exactObject } from "./validate.ts";

const imageData = v.pipe(
  v.string("must be a PNG data URL"),
  v.startsWith("data:image/png;base64,", "must be a PNG data URL (data:image/png;base64,…)"),
);

/** The body of `POST /predict`: a drawing, and the model that should answer. */
export const PredictRequestSchema = v.pipe(
  exactObject({
    params: v.nullish(PredictParamsSchema),
    model_id: v.nullish(modelId),
    image_data: imageData,
  }),
  v.forward(
    v.partialCheck(
      [["params"], ["model_id"]],
      (body) => body.params != null || body.model_id != null,
      "or model_id must be given",
    ),
    ["params"],
  ),
);

/** A drawing, and the model that should answer. */
export type PredictRequest = v.InferOutput<typeof PredictRequestSchema>;

/** Why the drawing may not be a digit at all. The most likely digit is still named. */
export const DoubtSchema = v.object({
  reason: v.literal("not_a_digit"),
  message: v.string(),
  /** How many of MNIST's test digits are wrongly doubted, in per cent. */
  false_alarm_percent: v.number(),
});
/** Why a drawing may not be a digit at all. */
export type Doubt = v.InferOutput<typeof DoubtSchema>;

/** The answer to a drawing. */
export const PredictResponseSchema = v.object({
  prediction: v.number(),
  /** Such as `98.12%`. */
  confidence: v.string(),
  /** Ten numbers in digit order that sum to 1. */
  probabilities: v.array(v.number()),
  /** Null if the drawing looks like a digit; the same rule for every model. */
  doubt: v.nullable(DoubtSchema),
  found_model: v.object({
    id: v.string(),
    accuracy: v.string(),
    learning_rate: v.number(),
    epochs: v.number(),
    training_time: v.string(),
    /** Fields of the record whose values are unknown and were assumed, such as `learning_rate`; absent if there are none. */
    assumed: v.optional(v.array(v.picklist(FIELD_NAMES))),
  }),
});
/** The answer to a drawing. */
export type PredictResponse = v.InferOutput<typeof PredictResponseSchema>;

/** The answer, with status 404, if no stored model has the requested settings. */
export const NotTrainedResponseSchema = v.object({
  error: v.literal("Model not trained yet."),
  train_url: v.string(),
  /** The closest stored model and the fields that differ; null if no model is stored. */
  nearest: v.nullable(v.object({ model: ModelRecordSchema, differs: v.array(v.string()) })),
});
/** The answer if no stored model has the requested settings. */
export type NotTrainedResponse = v.InferOutput<typeof NotTrainedResponseSchema>;

/**
 * The doubt about a drawing that does not look like a digit, worded in the same way by the service and the page.
 *
 * @param isDoubted whether the drawing looks unlike a digit
 * @param falseAlarmPercent how often digits are wrongly doubted, in per cent
 */
export function describeDoubt(isDoubted: boolean, falseAlarmPercent: number): Doubt | null {
  if (!isDoubted) return null;
  return {
    reason: "not_a_digit",
    message: "This does not look like a digit.",
    false_alarm_percent: falseAlarmPercent,
  };
}

/** The answer of the model `record`, from its ten probabilities in digit order; they must be finite. */
export function describePrediction(
  record: ModelRecord,
  probabilities: ArrayLike<number>,
  doubt: Doubt | null,
): PredictResponse {
  const shares = Array.from(probabilities);
  const confidence = Math.max(...shares);
  const assumed = FIELD_NAMES.filter((name) => !isKnown(record, name));
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
      ...assumed.length > 0 ? { assumed } : {},
    },
  };
}
