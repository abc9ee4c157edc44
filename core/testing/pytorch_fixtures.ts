/** Trainings that `scripts/fixtures/make_training_fixtures.py` recorded from PyTorch, and their initial weights. */
import fixtures from "../training/fixtures/training.json" with { type: "json" };
import { type ModelSpec, type NamedTensor, parameterSpecs } from "../models/spec.ts";
import { sizeOf } from "../shape.ts";

export { fixtures };

/** One of the recorded trainings. */
export type Fixture = (typeof fixtures.runs)[number];

/** The model of a recorded training. */
export function specOf({ model_type, hidden_layers }: Fixture): ModelSpec {
  return { modelType: model_type as ModelSpec["modelType"], hiddenLayers: hidden_layers };
}

/** The initial weights of a recorded training, as in the script: a hash of the position, scaled to ±1/√fanIn. */
export function initialWeights(spec: ModelSpec): NamedTensor[] {
  return parameterSpecs(spec).map(({ name, shape, fanIn }, tensor) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
      const hashed = (Math.imul(i + 1, 2654435761) + Math.imul(tensor, 40503)) >>> 0;
      return (hashed / 2 ** 32 * 2 - 1) * fanIn ** -0.5;
    });
    return { name, shape, data };
  });
}
