/** Evaluates stored models on whole sets of digits. To score weights in training, use `Trainer.evaluate`. */
import type { DigitSet } from "../mnist/idx.ts";
import { FAMILIES } from "../models/families.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../models/spec.ts";
import { openPredictor, type Predictor } from "./predictor.ts";

/** A model's answers for a set of digits, in the order of the digits. */
export interface Answers {
  /** The predicted classes. */
  said: Uint8Array<ArrayBuffer>;
  /** Their probabilities. */
  confidence: Float32Array<ArrayBuffer>;
}

/** Thrown if a model's answer is not a finite number, because its weights are too large or NaN. */
export class OverflowError extends Error {
  override name = "OverflowError";
  /** @param index index of the digit, from 0 */
  constructor(index: number) {
    super(
      `the model's answer to digit ${index} is not a finite number: its weights are too large, or not numbers, ` +
        "as its training diverged",
    );
  }
}

/**
 * Classifies digits with a stored model, on the CPU.
 *
 * @throws {OverflowError} for a model whose logits are not all finite
 */
export async function answerDigits(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  digits: Pick<DigitSet, "count" | "images">,
): Promise<Answers> {
  const batch = FAMILIES[spec.modelType].evaluationBatch;
  const predictor = await openPredictor(spec, weights, { batch });
  try {
    return await answersOf(predictor, digits, batch);
  } finally {
    predictor.close();
  }
}

async function answersOf(
  predictor: Predictor,
  { count, images }: Pick<DigitSet, "count" | "images">,
  batch: number,
): Promise<Answers> {
  const answers = { said: new Uint8Array(count), confidence: new Float32Array(count) };
  for (let first = 0; first < count; first += batch) {
    // The rest of a short last batch stays paper and is ignored.
    const pixels = new Uint8Array(batch * IMAGE_PIXELS);
    pixels.set(images.subarray(first * IMAGE_PIXELS, (first + batch) * IMAGE_PIXELS));
    const probabilities = await predictor.predict(pixels);
    const logits = await predictor.logits();
    const rows = Math.min(batch, count - first), bad = logits.findIndex((logit) => !Number.isFinite(logit));
    if (bad >= 0 && bad < rows * CLASSES) throw new OverflowError(first + Math.floor(bad / CLASSES));
    for (let i = 0; i < rows; i++) {
      // Compares logits, because rounding can make the probabilities of two near-certain classes equal.
      const said = largest(logits.subarray(i * CLASSES, (i + 1) * CLASSES));
      answers.said[first + i] = said;
      answers.confidence[first + i] = probabilities[i * CLASSES + said];
    }
  }
  return answers;
}

/** A stored model's accuracy on `digits`, in per cent. Throws as `answerDigits` does. */
export async function scoreModel(spec: ModelSpec, weights: readonly NamedTensor[], digits: DigitSet): Promise<number> {
  return accuracyOf(await answerDigits(spec, weights, digits), digits);
}

/**
 * The accuracies of several sets of weights of one spec, in order; 0 if answers are not finite. Faster than scoring
 * them separately.
 */
export async function* scoreEach(
  spec: ModelSpec,
  several: readonly (readonly NamedTensor[])[],
  digits: DigitSet,
): AsyncGenerator<number, void> {
  const batch = Math.min(digits.count, FAMILIES[spec.modelType].evaluationBatch);
  const predictor = await openPredictor(spec, several[0], { batch });
  try {
    for (const weights of several) {
      predictor.load(weights);
      try {
        yield accuracyOf(await answersOf(predictor, digits, batch), digits);
      } catch (error) {
        if (!(error instanceof OverflowError)) throw error;
        yield 0;
      }
    }
  } finally {
    predictor.close();
  }
}

function accuracyOf({ said }: Answers, digits: DigitSet): number {
  const correct = said.reduce((sum, digit, i) => sum + (digit === digits.labels[i] ? 1 : 0), 0);
  return (100 * correct) / digits.count;
}

/** Index of the largest number, the first if several are equal, as in the op `argmax`; 0 if all are NaN. */
function largest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}
