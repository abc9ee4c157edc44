/** Scores stored models in PyTorch. */
import assert from "node:assert/strict";
import { join } from "node:path";

const SCRIPT = join(import.meta.dirname!, "..", "..", "scripts", "fixtures", "score_models.py");

/** The scores of one stored model in PyTorch. */
export interface Score {
  /** Per cent of the test digits. */
  accuracy: number;
  /** `[probes][10]`. */
  probabilities: number[][];
}

/**
 * Scores all models of a folder on the test digits in `rawDir`, in one run of Python. Returns by id the accuracy and
 * the probabilities of the first `probes` digits.
 */
export async function scoreModels(
  python: string,
  modelsDir: string,
  rawDir: string,
  probes: number,
): Promise<Record<string, Score>> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [SCRIPT, modelsDir, rawDir, String(probes)],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
