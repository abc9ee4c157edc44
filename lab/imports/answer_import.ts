/** The importing worker's answers: it reads one request, finds the model in it, and scores that. */
import { type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import { ImportConfigSchema, PAST_FIELDS, sameValue, validate, ValidationError } from "../../protocol/mod.ts";
import { parseFields, readParts } from "./import_form.ts";
import type { FoundModel, ImportQuestion, ImportReply, ImportRequest } from "./import_thread.ts";
import { ModelFileError } from "../../core/formats/errors.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { OverflowError, scoreModel } from "../../core/training/evaluation.ts";

/** Answers the questions about one request, for `answerQuestions`. */
export function importAnswerer(
  readTestDigits: (dataDir: string) => Promise<DigitSet>,
): (question: ImportQuestion) => Promise<ImportReply> {
  let file: ModelFile;

  const read = async (request: ImportRequest): Promise<FoundModel> => {
    const { file: bytes, fileName, fields } = await readParts(request);
    file = readModelFile(bytes);
    return { ...resolveConfig(file, fields), source: fileName };
  };
  return async (question) => {
    try {
      if (question.type === "read") return { type: "found", model: await read(question.request) };
      const weights = file.tensors;
      const accuracy = await scoreModel(file, weights, await readTestDigits(question.dataDir));
      return { type: "scored", model: { weights, accuracy } };
    } catch (error) {
      if (error instanceof ValidationError) return { type: "refused", message: error.message, field: error.field };
      if (error instanceof OverflowError) return { type: "refused", message: error.message, field: "file" };
      if (error instanceof ModelFileError) return { type: "refused", message: error.message, field: "file" };
      throw error;
    }
  };
}

/** The buffers of an answer that are handed over instead of copied. */
export function weightsIn(reply: ImportReply): Transferable[] {
  return reply.type === "scored" ? reply.model.weights.map(({ data }) => data.buffer as ArrayBuffer) : [];
}

/**
 * What `file` says of itself; `given` wins over its metadata, and what neither says has the default and is named in
 * `assumed`.
 *
 * @throws {ValidationError} for a value that no training could have, or layers that are not the file's
 */
export function resolveConfig(
  file: Omit<ModelFile, "tensors">,
  given: Readonly<Record<string, unknown>>,
): Pick<FoundModel, "config" | "overwrite"> {
  const told = { ...metadataOf(file), ...given };
  const { overwrite, num_layers, ...said } = validate(ImportConfigSchema, told, "the configuration");
  const { modelType, hiddenLayers, namedWithDropout } = file;
  if (said.model_type != null && said.model_type !== modelType) {
    throw new ValidationError(
      `model_type says ${said.model_type}, but the tensors of the file make a ${modelType}`,
      "model_type",
    );
  }
  const widths = said.hidden_layers_config;
  if (num_layers != null && num_layers !== hiddenLayers.length) {
    throw new ValidationError(
      `num_layers says ${num_layers}, but the tensors of the file make ${hiddenLayers.length}`,
      "num_layers",
    );
  }
  if (widths != null && !sameValue(widths, hiddenLayers)) {
    throw new ValidationError(
      `hidden_layers_config says [${widths.join(", ")}], but the tensors of the file make [${hiddenLayers.join(", ")}]`,
      "hidden_layers_config",
    );
  }
  // The layers of the file must keep the bounds, too.
  validate(ImportConfigSchema, { hidden_layers_config: hiddenLayers }, "the configuration");
  const assumed = PAST_FIELDS.filter((name) => told[name] == null);
  const config = {
    ...said,
    model_type: modelType,
    hidden_layers_config: hiddenLayers,
    use_dropout: said.use_dropout ?? namedWithDropout,
    ...(assumed.length === 0 ? {} : { assumed }),
  };
  return { config, overwrite };
}

/** The fields in the metadata of `file`. What this lab once assumed of the model is no better known for being there. */
function metadataOf({ metadata }: Pick<ModelFile, "metadata">): Record<string, unknown> {
  const { overwrite: _, ...fields } = parseFields(metadata);
  const assumed = metadata.assumed ?? "";
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !assumed.includes(`"${name}"`)));
}
