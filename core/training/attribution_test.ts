import assert from "node:assert/strict";
import { mnist } from "../testing/mnist.ts";
import { openExplainer } from "./attribution.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec } from "../models/spec.ts";
import { initialParameters } from "../models/parameters.ts";
import { openPredictor } from "./predictor.ts";

const SIMPLE: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [24, 12], dropout: 0.5 };
const CONVOLUTIONS: ModelSpec = { modelType: "ConvNN", hiddenLayers: [16] };
const LINEAR: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [] };
const EXPLAINED = 7;
/** The change of a pixel, 0 to 255, for a finite difference. */
const STEP = 2;
const digit = mnist().test.images.slice(0, IMAGE_PIXELS);

for (const spec of [SIMPLE, CONVOLUTIONS, LINEAR]) {
  const name = `${spec.modelType} [${spec.hiddenLayers}]`;
  const weights = initialParameters(spec, 3);

  Deno.test(`${name}: a pixel's contribution is its ink times the logit's slope, measured by finite differences`, async () => {
    const inked = [...digit.keys()].filter((pixel) => digit[pixel] >= STEP && digit[pixel] <= 255 - STEP);
    const moved = inked.flatMap((pixel) => [-STEP, STEP].map((by) => digit.with(pixel, digit[pixel] + by)));
    const explainer = await openExplainer(spec, weights);
    const predictor = await openPredictor(spec, weights, { batch: 1 + moved.length });
    try {
      const { contributions } = await explainer.explain(digit, EXPLAINED);
      await predictor.predict(Uint8Array.from([digit, ...moved].flatMap((pixels) => [...pixels])));
      const logits = await predictor.logits();
      const logitOf = (image: number) => logits[image * CLASSES + EXPLAINED];
      const scale = Math.max(...contributions.map(Math.abs));
      let compared = 0;
      inked.forEach((pixel, i) => {
        const down = logitOf(0) - logitOf(1 + 2 * i), up = logitOf(2 + 2 * i) - logitOf(0);
        // Where a ReLU or a maximum switches within the step, there is no single slope.
        if (Math.abs(up - down) > 0.02 * Math.abs(up)) return;
        const expected = (up + down) / (2 * STEP) * digit[pixel];
        const given = contributions[pixel];
        assert.ok(Math.abs(expected - given) < 0.03 * scale, `pixel ${pixel}: ${given}, expected ${expected}`);
        compared++;
      });
      assert.ok(compared >= 10, `only ${compared} of ${inked.length} pixels could be compared`);
      contributions.forEach((value, pixel) =>
        assert.ok(value === 0 || digit[pixel] > 0, `paper contributes at ${pixel}`)
      );
    } finally {
      explainer.close();
      predictor.close();
    }
  });

  Deno.test(`${name}: WASM agrees with the reference, and its logits with the predictor's`, async () => {
    const explainer = await openExplainer(spec, weights), oracle = await openExplainer(spec, weights, "reference");
    const predictor = await openPredictor(spec, weights);
    try {
      const seen = await explainer.explain(digit, EXPLAINED), expected = await oracle.explain(digit, EXPLAINED);
      await predictor.predict(digit);
      close(seen.logits, await predictor.logits(), "logits");
      close(seen.contributions, expected.contributions, "contributions");
      assert.deepEqual(seen.layers.map(({ shape }) => shape), shapesOf(spec));
      seen.layers.forEach(({ values }, i) => {
        close(values, expected.layers[i].values, `layer ${i}`);
        assert.equal(values.length, seen.layers[i].shape.reduce((a, b) => a * b));
        assert.ok(values.some((value) => value > 0) && values.every((value) => value >= 0));
      });
    } finally {
      explainer.close();
      oracle.close();
      predictor.close();
    }
  });
}

function shapesOf({ modelType, hiddenLayers }: ModelSpec): number[][] {
  const blocks = modelType === "ConvNN" ? [[14, 14, 32], [7, 7, 64]] : [];
  return [...blocks, ...hiddenLayers.map((width) => [width])];
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string) {
  assert.equal(actual.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) < 1e-4 * scale, `${what} ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
}
