/** Trainings that start from the weights of a stored model. */
import { type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import { type ModelConfig, type ModelRecord, type TrainConfig, ValidationError } from "../../protocol/mod.ts";
import { type Registry, specOf } from "../models/mod.ts";

type Models = Pick<Registry, "get" | "readWeights">;

/**
 * The stored model that `config` starts from, if any.
 *
 * @throws {ValidationError} when there is no such model, or its layers are others
 */
export async function findStart(models: Models, config: TrainConfig): Promise<ModelRecord | undefined> {
  if (config.start_from == null) return undefined;
  const record = await models.get(config.start_from);
  if (record === undefined) {
    throw new ValidationError(
      `start_from names ${JSON.stringify(config.start_from)}, and no such model is stored`,
      FIELD,
    );
  }
  if (shapesOf(record) !== shapesOf(config)) {
    throw new ValidationError(
      `start_from names ${record.id}, which is a ${layersOf(record)}; the configuration is a ${layersOf(config)}. ` +
        "Both must have the same layers.",
      FIELD,
    );
  }
  return record;
}

/** The weights of that model. Throws as `findStart` and `Registry.readWeights` do. */
export async function readStart(models: Models, config: TrainConfig): Promise<NamedTensor[] | undefined> {
  const record = await findStart(models, config);
  return record && await models.readWeights(record);
}

const FIELD = "start_from";

/** Dropout has no weights, so it may be on in one model and off in the other. */
function shapesOf(config: ModelConfig): string {
  return parameterSpecs(specOf(config)).map(({ shape }) => shape.join("x")).join(" ");
}

function layersOf({ model_type, hidden_layers_config: widths }: ModelConfig): string {
  return `${model_type} with ${widths.length === 0 ? "no hidden layer" : `hidden layers ${widths.join(", ")}`}`;
}
