/** Predictions in this process: one image at a time, and a thousand. */
import { IMAGE_PIXELS, type ModelSpec } from "../../core/models/spec.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import { openPredictor, type Predictor } from "../../core/training/predictor.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import type { Bench, Case, Figure } from "./case.ts";
import { INFERENCE_SPECS, nameOf, SEED } from "./configs.ts";
import { rate } from "./measure.ts";

/** Images per call. */
export const BATCHES = [1, 1000] as const;

/** Such as `one image`. */
export const batchTitle = (batch: number) => batch === 1 ? "one image" : `${batch} images`;

/** Every model of `INFERENCE_SPECS` with every batch size. */
export function inferenceCases(bench: Bench): Case[] {
  return INFERENCE_SPECS.flatMap((spec) =>
    BATCHES.map((batch) => ({
      name: `infer ${nameOf(spec)}, ${batchTitle(batch)}`,
      measure: () => measure(bench, spec, batch),
    }))
  );
}

async function measure({ dataset, seconds }: Bench, spec: ModelSpec, batch: number): Promise<Figure[]> {
  const pixels = dataset.test.images.subarray(0, batch * IMAGE_PIXELS);
  const predictor = await openPredictor(spec, initialParameters(spec, SEED), { batch });
  try {
    await provePredictions(spec, await predictor.predict(pixels), pixels);
    const images = await imagesPerSecond(predictor, pixels, seconds);
    return [{ value: 1e6 * batch / images, unit: "µs" }, { value: images, unit: "images/s" }];
  } finally {
    predictor.close();
  }
}

/** Predicts `pixels` (`[batch, 784]`) again and again for `seconds`. */
export function imagesPerSecond(predictor: Predictor, pixels: Uint8Array, seconds: number): Promise<number> {
  return rate(async () => {
    await predictor.predict(pixels);
    return pixels.length / IMAGE_PIXELS;
  }, seconds);
}

/** The reference backend agrees on the first, second and last image. */
async function provePredictions(spec: ModelSpec, probabilities: Float32Array, pixels: Uint8Array): Promise<void> {
  const count = pixels.length / IMAGE_PIXELS, classes = probabilities.length / count;
  const reference = await openPredictor(spec, initialParameters(spec, SEED), { device: "reference" });
  for (const i of new Set([0, Math.min(1, count - 1), count - 1])) {
    const expected = await reference.predict(pixels.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS));
    assertAllClose(probabilities.subarray(i * classes, (i + 1) * classes), expected, { relative: 1e-4 }, `image ${i}`);
  }
  reference.close();
}
