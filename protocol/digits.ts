/** Test digits as both services hand them out: `GET /api/digits`. */
import * as v from "valibot";

export const MAX_DRAWN_DIGITS = 100;

/** A whole number as a query spells it. */
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

export const DigitQuerySchema = v.object({
  /** Draws digits of this class only. */
  label: v.optional(wholeText(0, 9)),
  count: v.optional(wholeText(1, MAX_DRAWN_DIGITS), "12"),
  /** The same one draws the same digits. */
  seed: v.optional(wholeText(0, 2 ** 32 - 1)),
});

/** The dataset's numbers of some test digits, with what they are. */
export const DigitListSchema = v.object({
  digits: v.array(v.object({ index: v.number(), label: v.number() })),
});
export type DigitList = v.InferOutput<typeof DigitListSchema>;
