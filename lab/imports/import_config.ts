/** The configuration under which a model is brought in. */
import type { ModelFile } from "../../core/formats/model_file.ts";
import { ImportConfigSchema, sameWidths, validate, ValidationError } from "../../protocol/mod.ts";
import { parseFields } from "./import_form.ts";
import type { FoundModel } from "./import_thread.ts";

/**
 * What `file` says of itself, with `given` over what its metadata says, and defaults for the rest.
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
  if (widths !== undefined && !sameWidths(widths, hiddenLayers)) {
    throw new ValidationError(
      `hidden_layers_config says [${widths.join(", ")}], but the tensors of the file make [${hiddenLayers.join(", ")}]`,
      "hidden_layers_config",
    );
  }
  // The file's own layers have to keep the bounds too.
  validate(ImportConfigSchema, { hidden_layers_config: hiddenLayers }, "the configuration");
  const config = {
    model_type: modelType,
    optimizer: said.optimizer,
    learning_rate: said.learning_rate,
    batch_size: said.batch_size,
    num_epochs: said.num_epochs,
    hidden_layers_config: hiddenLayers,
    use_dropout: said.use_dropout ?? namedWithDropout,
    dropout_p: said.dropout_p,
  };
  return { config, overwrite };
}
