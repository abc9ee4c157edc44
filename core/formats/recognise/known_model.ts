/** Reads a model whose layers are known from its record or from the metadata of its file. */
import { ACTIVATIONS, type Convolutions, DEFAULT_CONVOLUTIONS, MODEL_TYPES } from "../../models/families.ts";
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
 * `[128,64]`), `activation` and the convolutions unless they are
 * usual, `use_dropout` (`true` or `false`) and `dropout_p`.
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
  const activation = ACTIVATIONS.find((name) => name === (metadata.activation ?? "relu"));
  if (activation === undefined) throw wrong(metadata, "activation", ACTIVATIONS.join(", "));
  const convolutions = modelType === "ConvNN" ? convolutionsFrom(metadata) : undefined;
  const network = {
    modelType,
    hiddenLayers,
    ...(convolutions ? { convolutions } : {}),
    ...(activation === "relu" ? {} : { activation }),
  };
  if (metadata.use_dropout !== "true") return network;
  const dropout = parse(metadata, "dropout_p");
  if (typeof dropout !== "number" || !(dropout >= 0 && dropout < 1)) {
    throw wrong(metadata, "dropout_p", "a number from 0 up to, but not including, 1");
  }
  return { ...network, dropout };
}

function convolutionsFrom(metadata: Readonly<Record<string, string>>): Convolutions | undefined {
  const { conv_channels, conv_kernels, conv_padding } = metadata;
  if (conv_channels === undefined && conv_kernels === undefined && conv_padding === undefined) return undefined;
  const channels = conv_channels === undefined ? DEFAULT_CONVOLUTIONS.channels : parse(metadata, "conv_channels");
  if (!Array.isArray(channels) || !channels.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw wrong(metadata, "conv_channels", "a JSON list of numbers of filters");
  }
  const kernels = conv_kernels === undefined ? channels.map(() => 3) : parse(metadata, "conv_kernels");
  if (
    !Array.isArray(kernels) || kernels.length !== channels.length || !kernels.every((side) => side === 3 || side === 5)
  ) {
    throw wrong(metadata, "conv_kernels", "a JSON list with 3 or 5 for each entry of conv_channels");
  }
  const padding = (["same", "valid"] as const).find((name) => name === (conv_padding ?? "same"));
  if (padding === undefined) throw wrong(metadata, "conv_padding", "same or valid");
  return { channels, kernels, padding };
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
