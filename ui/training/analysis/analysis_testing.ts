import type { ModelAnalysis } from "../../../protocol/mod.ts";

/** The analysis of a model from its answers to a few digits, with their confidence in per cent. */
export function analysisOf(
  digits: readonly (readonly [was: number, said: number, percent: number])[],
  fields: Partial<ModelAnalysis> = {},
): ModelAnalysis {
  const confusion = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  for (const [was, said] of digits) confusion[was][said]++;
  const correct = digits.filter(([was, said]) => was === said).length;
  const accuracy = 100 * correct / digits.length;
  const confidence = Uint16Array.from(digits, ([, , percent]) => Math.round(655.35 * percent));
  return {
    model_id: "m1",
    count: digits.length,
    accuracy,
    recorded_accuracy: accuracy,
    confusion,
    labels: Uint8Array.from(digits, ([was]) => was).toBase64(),
    said: Uint8Array.from(digits, ([, said]) => said).toBase64(),
    confidence: new Uint8Array(confidence.buffer).toBase64(),
    ...fields,
  };
}
