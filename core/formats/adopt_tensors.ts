import { type ModelSpec, type NamedTensor, parameterSpecs } from "../models/spec.ts";
import { CheckpointError, quote } from "./errors.ts";

/**
 * The tensors of a file as the parameters of a model: matched by order and shape, because modules that compute the same
 * may name their layers differently, and returned under this lab's names.
 *
 * @throws CheckpointError that names the first tensor that does not fit `spec`
 */
export function adoptTensors(tensors: readonly NamedTensor[], spec: ModelSpec): NamedTensor[] {
  const parameters = parameterSpecs(spec);
  if (tensors.length !== parameters.length) {
    throw new CheckpointError(
      `${describe(spec)} has ${parameters.length} tensors, but ${tensors.length} were found`,
    );
  }
  return parameters.map(({ name, shape }, i) => {
    const found = tensors[i];
    if (found.shape.length !== shape.length || found.shape.some((size, d) => size !== shape[d])) {
      throw new CheckpointError(
        `tensor ${i + 1}, ${quote(found.name)}, has shape [${found.shape.join(", ")}], ` +
          `but ${name} of ${describe(spec)} has [${shape.join(", ")}]`,
      );
    }
    return { name, shape, data: found.data };
  });
}

function describe({ modelType, hiddenLayers }: ModelSpec): string {
  return `${modelType} with ${
    hiddenLayers.length === 0 ? "no hidden layer" : `hidden layers ${hiddenLayers.join(", ")}`
  }`;
}
