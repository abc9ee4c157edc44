/** The service answers a PNG as a page answers its own canvas, because both use the same code in the core. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { prepareDrawing } from "../core/mnist/drawing/prepare_drawing.ts";
import { openPredictor } from "../core/training/predictor.ts";
import { assertAllClose } from "../core/testing/assert_all_close.ts";
import { mnist } from "../core/testing/mnist.ts";
import type { PredictResponse } from "../protocol/mod.ts";
import { drawSomewhere, KINDS, SMALL, SPEC, testDigit, trainedWeights } from "./drawing/drawings_testing.ts";
import { openStored, PredictorCache } from "./predictor_cache.ts";
import { appOn, MemoryStore, params, record } from "./testing.ts";

/** One for each size and position. */
const DRAWINGS = 27;

Deno.test("a PNG of any kind gets the same answer as its canvas in a page", async () => {
  const weights = await trainedWeights();
  const store = Object.assign(new MemoryStore([record()]), { readWeights: () => Promise.resolve(weights) });
  const predictors = new PredictorCache(openStored(store, "wasm"));
  const app = appOn(store, predictors);
  const page = await openPredictor(SPEC, weights);
  try {
    for (const kind of [...KINDS, SMALL]) {
      let correct = 0;
      for (let i = 0; i < DRAWINGS; i++) {
        const canvas = drawSomewhere(testDigit(i), kind.page, i);
        const image_data = `data:image/png;base64,${Buffer.from(kind.toPng(canvas)).toString("base64")}`;
        const response = await app.request("http://localhost:8001/predict", {
          method: "POST",
          body: JSON.stringify({ params, image_data }),
        });
        assert.equal(response.status, 200, kind.name);
        const { prediction, probabilities }: PredictResponse = await response.json();
        const expected = await page.predict(prepareDrawing(canvas));
        assertAllClose(probabilities, expected, { relative: 0, absolute: 1e-6 }, `${kind.name}, digit ${i}`);
        assert.equal(prediction, expected.indexOf(Math.max(...expected)));
        if (prediction === mnist().test.labels[i]) correct++;
      }
      assert.ok(correct >= 0.9 * DRAWINGS, `${kind.name}: ${correct} of ${DRAWINGS} digits are recognised`);
    }
  } finally {
    page.close();
    predictors.close();
  }
});
