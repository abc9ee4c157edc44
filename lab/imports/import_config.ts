/** The configuration under which an imported model is stored. */
import type { ModelFile } from "../../core/formats/model_file.ts";
import { ImportConfigSchema, type ModelConfig, sameValue, validate, ValidationError } from "../../protocol/mod.ts";
import { parseFields } from "./import_form.ts";
import type { FoundModel } from "./import_thread.ts";

/**
 * What `file` says of itself; `given` wins over its metadata, and what neither says has the default.
 *
 * @throws {ValidationError} for a value that no training could have, or layers that are not the file's
 */
export function resolveConfig(
  file: Omit<ModelFile, "tensors">,
  given: Readonly<Record<string, unknown>>,
): Pick<FoundModel, "config" | "overwrite"> {
  const { overwrite: _, ...metadata } = parseFields(file.metadata);
  const { overwrite, ...said } = validate(ImportConfigSchema, { ...metadata, ...given }, "the configuration");
  const { modelType, hiddenLayers, namedWithDropout } = file;
  if (said.model_type !== undefined && said.model_type !== modelType) {
    throw new ValidationError(
      `model_type says ${said.model_type}, but the tensors of the file make a ${modelType}`,
      "model_type",
    );
  }
  const widths = said.hidden_layers_config;
  if (widths !== undefined && !sameValue(widths, hiddenLayers)) {
    throw new ValidationError(
      `hidden_layers_config says [${widths.join(", ")}], but the tensors of the file make [${hiddenLayers.join(", ")}]`,
      "hidden_layers_config",
    );
  }
  // The layers of the file must keep the bounds, too.
  validate(ImportConfigSchema, { hidden_layers_config: hiddenLayers }, "the configuration");
  const config: ModelConfig = {
    ...said,
    model_type: modelType,
    hidden_layers_config: hiddenLayers,
    use_dropout: said.use_dropout ?? namedWithDropout,
  };
  return { config, overwrite };
}
