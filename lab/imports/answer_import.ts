/** The importing worker's answers: it reads one request, finds the model in it, and scores that. */
import { type FoundModel as ModelOfFile, type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import { ImportConfigSchema, type ModelConfig, sameValue, validate, ValidationError } from "../../protocol/mod.ts";
import { chooseModel } from "./choose_model.ts";
import { parseFields, readParts } from "./import_form.ts";
import type { FoundModel, ImportQuestion, ImportReply, ImportRequest } from "./import_thread.ts";
import { ModelFileError } from "../../core/formats/errors.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { scoreModel } from "../../core/training/evaluation.ts";

/** Answers the questions about one request, for `answerQuestions`. */
export function importAnswerer(
  readTestDigits: (dataDir: string) => Promise<DigitSet>,
): (question: ImportQuestion) => Promise<ImportReply> {
  let model: ModelOfFile;

  const read = async ({ request, dataDir }: ImportQuestion & { type: "read" }): Promise<FoundModel> => {
    const { file: bytes, fileName, fields } = await readParts(request);
    const file = readModelFile(bytes);
    const said = readSettings(file, fields);
    const isAsSaid = ({ hiddenLayers }: ModelOfFile) =>
      said.hidden_layers_config === undefined || sameValue(said.hidden_layers_config, hiddenLayers);
    const candidates = file.candidates.filter(isAsSaid);
    // If none is, the first says why.
    if (candidates.length === 0) candidates.push(file.candidates[0]);
    for (const candidate of candidates) requireBounds(candidate);
    model = candidates.length === 1 ? candidates[0] : await chooseModel(candidates, await readTestDigits(dataDir));
    return { ...resolveConfig(model, said), source: fileName, assumed: assumptions(model, candidates) };
  };
  return async (question) => {
    try {
      if (question.type === "read") return { type: "found", model: await read(question) };
      const weights = model.tensors;
      const accuracy = await scoreModel(model, weights, await readTestDigits(question.dataDir));
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

/** What had to be assumed to read a file, as fields of the record. */
function assumptions(model: ModelOfFile, candidates: readonly ModelOfFile[]): FoundModel["assumed"] {
  return {
    ...model.assumedOrder.length > 0 ? { assumed_order: model.assumedOrder } : {},
    ...candidates.some(({ path }) => path !== model.path) ? { assumed_state_dict: model.path } : {},
  };
}

type Settings = ReturnType<typeof validate<typeof ImportConfigSchema>>;

/**
 * How the model was trained: `given` wins over the metadata of the file. Metadata of other programs may use the same names
 * for something else, so what no training here could have is left out.
 *
 * @throws {ValidationError} for a value in `given` that no training could have
 */
function readSettings(file: ModelFile, given: Readonly<Record<string, unknown>>): Settings {
  const { overwrite: _, ...metadata } = parseFields(file.metadata);
  const own = Object.entries(metadata).filter(([name, value]) => isSetting(name, value));
  return validate(ImportConfigSchema, { ...Object.fromEntries(own), ...given }, "the configuration");
}

function isSetting(name: string, value: unknown): boolean {
  try {
    validate(ImportConfigSchema, { [name]: value }, "the metadata");
    return true;
  } catch {
    return false;
  }
}

/** The layers of the file must keep the bounds, too. */
function requireBounds({ hiddenLayers }: ModelOfFile): void {
  validate(ImportConfigSchema, { hidden_layers_config: hiddenLayers }, "the configuration");
}

/**
 * The configuration of a model: what was said of it, and its own layers; what nobody says has the default.
 *
 * @throws {ValidationError} where layers are said that are not the file's
 */
function resolveConfig(
  { modelType, hiddenLayers, namedWithDropout }: ModelOfFile,
  { overwrite, ...said }: Settings,
): Pick<FoundModel, "config" | "overwrite"> {
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
  const config: ModelConfig = {
    ...said,
    model_type: modelType,
    hidden_layers_config: hiddenLayers,
    use_dropout: said.use_dropout ?? namedWithDropout,
  };
  return { config, overwrite };
}
