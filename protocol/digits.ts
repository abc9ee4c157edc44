/** Test digits: those that both services offer, and a stored model's answer to each of them. */
import * as v from "valibot";

/** The most digits that one request to `GET /api/digits` draws. */
export const MAX_DRAWN_DIGITS = 100;

/** A whole number in a query, as text. */
function wholeText(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(message),
    v.regex(/^\d+$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** One of the datasets that `GET /api/datasets` lists. */
export const DatasetInfoSchema = v.object({
  name: v.string(),
  /** Their names, in the order of the labels. */
  classes: v.array(v.string()),
  /** Number of training pictures. */
  train: v.number(),
  /** Number of test pictures. */
  test: v.number(),
  kind: v.picklist(["folder", "drawings"]),
});
/** One of the datasets of the lab. */
export type DatasetInfo = v.InferOutput<typeof DatasetInfoSchema>;

/** The query of `GET /api/digits`. */
export const DigitQuerySchema = v.object({
  /** Draws only digits of this class. */
  label: v.optional(wholeText(0, 9)),
  count: v.optional(wholeText(1, MAX_DRAWN_DIGITS), "12"),
  /** The same seed draws the same digits. */
  seed: v.optional(wholeText(0, 2 ** 32 - 1)),
});

/** The answer of `GET /api/digits`: positions of some test digits in the dataset, and their labels. */
export const DigitListSchema = v.object({
  digits: v.array(v.object({ index: v.number(), label: v.number() })),
});
/** Some test digits. */
export type DigitList = v.InferOutput<typeof DigitListSchema>;

const number = v.number("must be a number");
const text = v.string("must be a string");

/** The answer of `GET /api/models/{id}/analysis`: a stored model's answer to each test digit. */
export const ModelAnalysisSchema = v.object({
  model_id: text,
  /** Number of test digits. */
  count: number,
  /** Per cent of them that the model recognises: the diagonal of the matrix. */
  accuracy: number,
  /** Per cent, as in the model's record. */
  recorded_accuracy: number,
  /** Numbers of digits; the row is the label, the column the model's answer. */
  confusion: v.array(v.array(number)),
  /** The label of each digit and the model's answer, a byte each, in the dataset's order, as base64. */
  labels: text,
  said: text,
  /** The model's confidence in its answers: a little-endian uint16 each, 65535 for certainty, as base64. */
  confidence: text,
});

/** A stored model's answer to each test digit. */
export type ModelAnalysis = v.InferOutput<typeof ModelAnalysisSchema>;
