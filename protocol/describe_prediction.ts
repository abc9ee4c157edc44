/** What a model's numbers mean, in the words of the protocol: one rule for the service and for the page. */
import type { ModelRecord } from "./model_record.ts";
import type { Doubt, PredictResponse } from "./prediction.ts";

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
