/** Which settings cannot go together in a configuration. */
import { countParameters, IMAGE_SIDE } from "../core/models/spec.ts";
import {
  convolutionsOf,
  counts,
  FIELD_NAMES,
  type FieldName,
  fieldOf,
  isUsual,
  type ModelConfig,
} from "./model_config.ts";

/** Number of parameters of the largest network that may be trained: the files of larger ones would not be read. */
export const MAX_PARAMETERS = 38_000_000;

/**
 * The first field of `config` that does not go with its other fields, and why; undefined if there is none.
 *
 * @param nameOf how the reason names other fields
 */
export function misfit(
  config: ModelConfig,
  nameOf: (name: FieldName) => string = (name) => name,
): { name: FieldName; why: string } | undefined {
  for (const name of FIELD_NAMES) {
    const { only } = fieldOf(name);
    if (only === undefined || counts(config, name) || isUsual(config, name)) continue;
    return { name, why: `is a setting of ${only.is.join(" and ")}, not of ${config[only.field]}` };
  }
  return misfitOfConvolutions(config, nameOf) ?? misfitOfSize(config);
}

/** As `misfit`, for the convolutions alone. */
export function misfitOfConvolutions(config: ModelConfig, nameOf: (name: FieldName) => string = (name) => name) {
  const convolutions = convolutionsOf(config);
  if (convolutions === undefined) return undefined;
  const { channels, kernels, padding } = convolutions, name: FieldName = "conv_kernels";
  if (kernels.length !== channels.length) {
    return { name, why: `must have as many entries as ${nameOf("conv_channels")}, which has ${channels.length}` };
  }
  const sides = [IMAGE_SIDE];
  for (const kernel of kernels) sides.push(Math.floor((sides.at(-1)! - (padding === "same" ? 0 : kernel - 1)) / 2));
  if (sides.every((side) => side >= 1)) return undefined;
  const shown = sides.slice(0, sides.findIndex((side) => side < 1)).join(" → ");
  return {
    name,
    why: `leave no pixel with ${nameOf("conv_padding")} ${padding}: the sides of an image are ${shown} → 0`,
  };
}

function misfitOfSize(config: ModelConfig): { name: FieldName; why: string } | undefined {
  const { model_type: modelType, hidden_layers_config: hiddenLayers } = config;
  const count = countParameters({ modelType, hiddenLayers, convolutions: convolutionsOf(config) });
  if (count <= MAX_PARAMETERS) return undefined;
  const name = config.hidden_layers_config.length > 0 ? "hidden_layers_config" : "conv_channels";
  const [shown, most] = [count, MAX_PARAMETERS].map((number) => number.toLocaleString("en"));
  return { name, why: `makes a network of ${shown} parameters, and at most ${most} are taken` };
}
