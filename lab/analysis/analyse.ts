/** From what a model says to each digit to what is told of it. */
import { CLASSES } from "../../core/models/spec.ts";
import type { ModelAnalysis } from "../../protocol/mod.ts";
import type { Answers } from "../training/score.ts";

/** A probability of 1 in `ModelAnalysis.confidence`. */
const CERTAIN = 65535;

export type Findings = Omit<ModelAnalysis, "model_id" | "recorded_accuracy">;

export function findingsOf({ said, confidence }: Answers, labels: Uint8Array): Findings {
  const confusion = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  said.forEach((digit, i) => confusion[labels[i]][digit]++);
  const correct = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
  return {
    count: labels.length,
    accuracy: 100 * correct / labels.length,
    confusion,
    labels: labels.toBase64(),
    said: said.toBase64(),
    confidence: packed(confidence).toBase64(),
  };
}

/** A confidence that is no number counts as none. */
function packed(confidence: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(2 * confidence.length));
  confidence.forEach((share, i) => bytes.setUint16(2 * i, Math.round(CERTAIN * (share || 0)), true));
  return new Uint8Array(bytes.buffer);
}
