/** A stored model's answers to the test digits. */
import type { DigitSet } from "../../core/mnist/idx.ts";
import { CLASSES, type ModelSpec, type NamedTensor } from "../../core/models/spec.ts";
import { answerDigits, type Answers, OverflowError } from "../../core/training/evaluation.ts";
import type { ModelAnalysis } from "../../protocol/mod.ts";

/** The question to the analysing worker. */
export interface AnalysisQuestion {
  spec: ModelSpec;
  weights: NamedTensor[];
  /** The folder from which the worker reads the test digits. */
  dataDir: string;
}

/** An analysis without the fields from the record. */
export type Findings = Omit<ModelAnalysis, "model_id" | "recorded_accuracy">;
/** The worker's answer: an analysis, or a message that says why there is none. */
export type AnalysisReply = { findings: Findings } | { fault: string };

/** Classifies all test digits. Use it with `answerQuestions`. */
export async function analyse(
  { spec, weights, dataDir }: AnalysisQuestion,
  readTestDigits: (dataDir: string) => Promise<DigitSet>,
): Promise<AnalysisReply> {
  const digits = await readTestDigits(dataDir);
  try {
    return { findings: findingsOf(await answerDigits(spec, weights, digits), digits.labels) };
  } catch (error) {
    if (error instanceof OverflowError) return { fault: error.message };
    throw error;
  }
}

/** A probability of 1 in `ModelAnalysis.confidence`. */
const CERTAIN = 65535;

/** Summarises the answers; `labels` are the correct ones. */
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

/** A confidence of NaN counts as 0. */
function packed(confidence: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(2 * confidence.length));
  confidence.forEach((share, i) => bytes.setUint16(2 * i, Math.round(CERTAIN * (share || 0)), true));
  return new Uint8Array(bytes.buffer);
}
