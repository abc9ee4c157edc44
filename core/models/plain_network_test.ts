import assert from "node:assert/strict";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { mnist } from "../testing/mnist.ts";
import { MODEL_TYPES } from "./families.ts";
import { describeNetwork, type ModelSpec } from "./spec.ts";
import { initialParameters } from "./parameters.ts";
import { plainPredict } from "./plain_network.ts";
import { openPredictor } from "../training/predictor.ts";

const SPECS: ModelSpec[] = [
  ...MODEL_TYPES.flatMap((modelType) => [[], [20, 15]].map((hiddenLayers): ModelSpec => ({ modelType, hiddenLayers }))),
  {
    modelType: "ConvNN",
    hiddenLayers: [9],
    activation: "tanh",
    convolutions: { channels: [6, 16], kernels: [5, 5], padding: "valid" },
  },
  {
    modelType: "ConvNN",
    hiddenLayers: [],
    activation: "gelu",
    convolutions: { channels: [3, 4, 5], kernels: [3, 5, 3], padding: "same" },
  },
  { modelType: "SimpleNN", hiddenLayers: [20], activation: "sigmoid" },
];

for (const spec of SPECS) {
  Deno.test(`the plain loops predict what the engine predicts: ${describeNetwork(spec)}`, async () => {
    // Larger than initial values, so that the probabilities differ from each other.
    const weights = initialParameters(spec, 3).map((tensor) => ({ ...tensor, data: tensor.data.map((x) => 3 * x) }));
    const predictor = await openPredictor(spec, weights);
    for (const digit of [0, 1, 2]) {
      const pixels = mnist().test.images.subarray(digit * 784, (digit + 1) * 784);
      const expected = await predictor.predict(pixels);
      assert(Math.max(...expected) > 0.15);
      assertAllClose([...plainPredict(spec, weights, pixels)], [...expected], { relative: 1e-3, absolute: 1e-6 });
    }
    predictor.close();
  });
}
