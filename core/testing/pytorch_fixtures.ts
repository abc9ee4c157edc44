/** Training runs that `scripts/fixtures/make_training_fixtures.py` recorded from PyTorch, and their initial weights. */
import type { Activation, Convolutions, ModelType } from "../models/families.ts";
import { type ModelSpec, type NamedTensor, parameterSpecs } from "../models/spec.ts";
import { sizeOf } from "../shape.ts";
import recipes from "../training/fixtures/recipes.json" with { type: "json" };
import fixtures from "../training/fixtures/training.json" with { type: "json" };
import type { OptimizerName } from "../training/optimizers.ts";
import type { Recipe } from "../training/programs.ts";
import type { ScheduleName } from "../training/learning_rate_schedules.ts";

export { fixtures };

/** One of the recorded training runs. */
export type Fixture = (typeof fixtures.runs)[number] & {
  activation?: string;
  conv_channels?: number[];
  conv_kernels?: number[];
  conv_padding?: string;
  momentum?: number;
  betas?: number[];
  weight_decay?: number;
  lr_schedule?: string;
  label_smoothing?: number;
};

/** Training runs with other settings than the defaults. */
export const recipeFixtures: readonly Fixture[] = recipes.runs;

/** The model of a recorded training. */
export function specOf({ model_type, hidden_layers, ...fixture }: Fixture): ModelSpec {
  return {
    modelType: model_type as ModelType,
    hiddenLayers: hidden_layers,
    activation: fixture.activation as Activation | undefined,
    convolutions: fixture.conv_channels && {
      channels: fixture.conv_channels,
      kernels: fixture.conv_kernels!,
      padding: (fixture.conv_padding ?? "same") as Convolutions["padding"],
    },
  };
}

/** The recipe of a recorded training. */
export function recipeOf(fixture: Fixture): Recipe {
  return {
    spec: specOf(fixture),
    optimizer: fixture.optimizer as OptimizerName,
    learningRate: fixture.learning_rate,
    schedule: fixture.lr_schedule as ScheduleName | undefined,
    momentum: fixture.momentum,
    betas: fixture.betas as [number, number] | undefined,
    weightDecay: fixture.weight_decay,
    labelSmoothing: fixture.label_smoothing,
    seed: 0,
  };
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
