/** What a stored model says to each of the test digits: `GET /api/models/{id}/analysis`. */
import * as v from "valibot";

const number = v.number("must be a number");
const text = v.string("must be a string");

export const ModelAnalysisSchema = v.object({
  model_id: text,
  /** Test digits looked at. */
  count: number,
  /** Per cent of them that the model tells: the matrix's diagonal. */
  accuracy: number,
  /** Per cent, as the model's record says. */
  recorded_accuracy: number,
  /** Row: the digit that it was, column: the digit that the model said. */
  confusion: v.array(v.array(number)),
  /** The digit that each was and that the model said, a byte each, in the dataset's order, as base64. */
  labels: text,
  said: text,
  /** How sure the model was of what it said: a uint16 each, little-endian, 65535 for certain, as base64. */
  confidence: text,
});

export type ModelAnalysis = v.InferOutput<typeof ModelAnalysisSchema>;
