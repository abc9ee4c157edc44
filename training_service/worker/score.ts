import type { DigitSet } from "../../core/mnist/idx.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../../core/nn/model_spec.ts";
import { openPredictor } from "../../core/nn/predictor.ts";

/** Digits at once: few enough that a ConvNN's activations stay small. */
const BATCH = { SimpleNN: 1000, ConvNN: 100 } as const;

/** How many of `digits` a model tells, in per cent. */
export async function scoreModel(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  { count, images, labels }: DigitSet,
): Promise<number> {
  const batch = BATCH[spec.modelType];
  const predictor = await openPredictor(spec, weights, { batch });
  try {
    let correct = 0;
    for (let first = 0; first < count; first += batch) {
      // The rest of a short last batch stays paper and is not looked at.
      const pixels = new Uint8Array(batch * IMAGE_PIXELS);
      pixels.set(images.subarray(first * IMAGE_PIXELS, (first + batch) * IMAGE_PIXELS));
      await predictor.predict(pixels);
      const logits = await predictor.logits();
      for (let i = 0; i < Math.min(batch, count - first); i++) {
        const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
        if (row.indexOf(Math.max(...row)) === labels[first + i]) correct++;
      }
    }
    return (100 * correct) / count;
  } finally {
    predictor.close();
  }
}
