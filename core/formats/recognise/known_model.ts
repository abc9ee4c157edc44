/** Reads a model whose layers are known from its record or from the metadata of its file. */
import { MODEL_TYPES } from "../../models/families.ts";
import { describeNetwork, type ModelSpec, type NamedTensor, parameterSpecs } from "../../models/spec.ts";
import { sameShape } from "../../shape.ts";
import { ModelFileError, quote } from "../errors.ts";

/**
 * The tensors of a file as the parameters of a model, under this lab's names. They are matched by order and shape,
 * because modules that compute the same function may name their layers differently.
 *
 * @throws {ModelFileError} that names the first tensor that does not fit `spec`
 */
export function adoptTensors(tensors: readonly NamedTensor[], spec: ModelSpec): NamedTensor[] {
  const parameters = parameterSpecs(spec);
  if (tensors.length !== parameters.length) {
    throw new ModelFileError(
      `${describeNetwork(spec)} has ${parameters.length} tensors, but ${tensors.length} were found`,
    );
  }
  return parameters.map(({ name, shape }, i) => {
    const found = tensors[i];
    if (!sameShape(found.shape, shape)) {
      throw new ModelFileError(
        `tensor ${i + 1}, ${quote(found.name)}, has shape [${found.shape.join(", ")}], ` +
          `but ${name} of ${describeNetwork(spec)} has [${shape.join(", ")}]`,
      );
    }
    return { name, shape, data: found.data };
  });
}

/**
 * The layers of a model from the metadata of its safetensors file: `model_type`, `hidden_layers_config` (JSON, such as
 * `[128,64]`), `use_dropout` (`true` or `false`) and `dropout_p`.
 *
 * @throws {ModelFileError} that names the entry which is missing or wrong
 */
export function specFromMetadata(metadata: Readonly<Record<string, string>>): ModelSpec {
  const modelType = MODEL_TYPES.find((name) => name === metadata.model_type);
  if (modelType === undefined) throw wrong(metadata, "model_type", MODEL_TYPES.join(" or "));
  const hiddenLayers = parse(metadata, "hidden_layers_config");
  if (!Array.isArray(hiddenLayers) || !hiddenLayers.every((width) => Number.isSafeInteger(width) && width > 0)) {
    throw wrong(metadata, "hidden_layers_config", "a JSON list of layer widths");
  }
  if (metadata.use_dropout !== "true") return { modelType, hiddenLayers };
  const dropout = parse(metadata, "dropout_p");
  if (typeof dropout !== "number" || !(dropout >= 0 && dropout < 1)) {
    throw wrong(metadata, "dropout_p", "a number from 0 up to, but not including, 1");
  }
  return { modelType, hiddenLayers, dropout };
}

/** The value of a field, which is JSON, or undefined. */
function parse(metadata: Readonly<Record<string, string>>, field: string): unknown {
  try {
    return JSON.parse(metadata[field]);
  } catch {
    return undefined;
  }
}

function wrong(metadata: Readonly<Record<string, string>>, field: string, expected: string): ModelFileError {
  const found = metadata[field] === undefined ? "is missing" : `is ${quote(metadata[field])}`;
  return new ModelFileError(`${field} in the metadata of the safetensors file ${found}; it must be ${expected}`);
}
