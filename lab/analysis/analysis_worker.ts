/** The analysing thread: asks one model about all test digits. A ConvNN takes seconds. */
import type { ModelSpec, NamedTensor } from "../../core/models/spec.ts";
import { readTestDigits } from "../../service/dataset/dataset.ts";
import { answerDigits, type Answers } from "../training/score.ts";

export interface ToAnalyser {
  spec: ModelSpec;
  weights: NamedTensor[];
  dataDir: string;
}

export type FromAnalyser =
  | { type: "answered"; answers: Answers; labels: Uint8Array<ArrayBuffer> }
  | { type: "failed"; message: string };

self.onmessage = async ({ data }: MessageEvent<ToAnalyser>) => self.postMessage(await answerTo(data));

async function answerTo({ spec, weights, dataDir }: ToAnalyser): Promise<FromAnalyser> {
  try {
    const digits = await readTestDigits(dataDir);
    const answers = await answerDigits(spec, weights, digits);
    return { type: "answered", answers, labels: Uint8Array.from(digits.labels) };
  } catch (error) {
    return { type: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
