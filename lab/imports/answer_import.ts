/** The importing worker's answers: it reads one request, finds the model in it, and scores that. */
import { type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import { ImportConfigSchema, type ModelConfig, sameValue, validate, ValidationError } from "../../protocol/mod.ts";
import { parseFields, readParts } from "./import_form.ts";
import type { FoundModel, ImportQuestion, ImportReply, ImportRequest } from "./import_thread.ts";
import { ModelFileError } from "../../core/formats/errors.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { scoreModel } from "../../core/training/evaluation.ts";

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
