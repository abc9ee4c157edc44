/** The import worker's answers: reads a request, finds the model in it, and scores it. */
import { type FoundModel as ModelOfFile, type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import {
  assumedValue,
  configOf,
  ImportConfigSchema,
  isUsual,
  misfit,
  type ModelConfig,
  PAST_FIELDS,
  sameValue,
  validate,
  ValidationError,
} from "../../protocol/mod.ts";
import { chooseModel } from "./choose_model.ts";
import { MAX_TEXT, parseFields, readParts } from "./import_form.ts";
import type { FoundModel, ImportQuestion, ImportReply } from "./import_thread.ts";
import { ModelFileError } from "../../core/formats/errors.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { OverflowError, scoreModel } from "../../core/training/evaluation.ts";

/** The fields about convolutions, and what a file says about them. */
const CONVOLUTION_FIELDS = [["conv_channels", "channels"], ["conv_kernels", "kernels"], [
  "conv_padding",
  "padding",
]] as const;

/** Fields that only the records of this lab have together. */
const RECORD_FIELDS = ["filename", "training_time", "model_type"] as const;

/** Values by field, from the request or the file. */
type Told = Readonly<Record<string, unknown>>;

/** Answers the questions about one request. Use it with `answerQuestions`. */
export function importAnswerer(
  readTestDigits: (dataDir: string) => Promise<DigitSet>,
): (question: ImportQuestion) => Promise<ImportReply> {
  let model: ModelOfFile;

  const read = async ({ request, dataDir }: ImportQuestion & { type: "read" }): Promise<FoundModel> => {
    const { file: bytes, fileName, fields } = readParts(request);
    const file = readModelFile(bytes);
    const told: Told = { ...metadataOf(file), ...fields };
    const { hidden_layers_config: widths, activation, ...said } = validate(
      ImportConfigSchema,
      told,
      "the configuration",
    );
    const isAsTold = ({ hiddenLayers, convolutions }: ModelOfFile) =>
      (widths == null || sameValue(widths, hiddenLayers)) &&
      CONVOLUTION_FIELDS.every(([name, key]) =>
        said[name] == null || String(said[name]) === String(convolutions?.[key])
      );
    const fitting = file.candidates.filter(isAsTold);
    // If none is valid, the first one's error says why.
    const candidates = (fitting.length > 0 ? fitting : file.candidates.slice(0, 1))
      .map((model) => activation == null ? model : { ...model, activation });
    model = candidates.length === 1 ? candidates[0] : await chooseModel(candidates, await readTestDigits(dataDir));
    return { ...resolveConfig(model, told), source: fileName, guesses: guessesOf(model, candidates) };
  };
  return async (question) => {
    try {
      if (question.type === "read") return { type: "found", model: await read(question) };
      const weights = model.tensors;
      const accuracy = await scoreModel(model, weights, await readTestDigits(question.dataDir));
      return { type: "scored", model: { weights, accuracy } };
    } catch (error) {
      if (error instanceof ValidationError) return { type: "refused", message: error.message, field: error.field };
      if (error instanceof OverflowError) return { type: "refused", message: error.message, field: "file" };
      if (error instanceof ModelFileError) return { type: "refused", message: error.message, field: "file" };
      throw error;
    }
  };
}

/** The buffers of an answer that are transferred instead of copied. */
export function weightsIn(reply: ImportReply): Transferable[] {
  return reply.type === "scored" ? reply.model.weights.map(({ data }) => data.buffer as ArrayBuffer) : [];
}

/** Guesses made to read a file, as fields of the record. */
function guessesOf(model: ModelOfFile, candidates: readonly ModelOfFile[]): FoundModel["guesses"] {
  return {
    ...model.assumedOrder.length > 0 ? { assumed_order: model.assumedOrder } : {},
    ...candidates.some(({ path }) => path !== model.path) ? { assumed_state_dict: model.path } : {},
  };
}

/**
 * The configuration of a model: what the request says about it, and its own layers. Fields that are not given have the
 * default and are named in `assumed`.
 *
 * @throws {ValidationError} for a value that no training run can have, or layers that differ from the model's
 */
function resolveConfig(
  model: ModelOfFile,
  told: Told,
): Pick<FoundModel, "config" | "overwrite"> {
  const { overwrite, num_layers, ...said } = validate(ImportConfigSchema, told, "the configuration");
  const { modelType, hiddenLayers, convolutions, namedWithDropout } = model;
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
  const found = Object.fromEntries(CONVOLUTION_FIELDS.map(([name, key]) => [name, convolutions?.[key]]));
  for (const [name] of CONVOLUTION_FIELDS) {
    const isAsFound = String(said[name]) === String(found[name]);
    if (said[name] == null || isAsFound || convolutions === undefined && isUsual(said as ModelConfig, name)) continue;
    throw new ValidationError(
      `${name} says ${said[name]}, but the tensors of the file make ${found[name] ?? "no convolution"}`,
      name,
    );
  }
  // The layers of the file must be within the bounds, too.
  validate(ImportConfigSchema, { ...found, hidden_layers_config: hiddenLayers }, "the configuration");
  const isLinear = hiddenLayers.length === 0 && convolutions === undefined;
  const assumed = PAST_FIELDS.filter((name) => told[name] == null && !(isLinear && name === "activation"));
  const whole: ModelConfig = {
    ...said,
    ...found,
    model_type: modelType,
    hidden_layers_config: hiddenLayers,
    use_dropout: said.use_dropout ?? namedWithDropout,
  };
  const misplaced = misfit(whole);
  if (misplaced !== undefined) throw new ValidationError(`${misplaced.name} ${misplaced.why}`, misplaced.name);
  const config = {
    ...configOf(whole),
    ...(assumed.length === 0 ? {} : { assumed }),
  };
  return { config, overwrite };
}

/**
 * The fields in the metadata of `file`. Fields that this lab once assumed are still unknown; the activation of a record
 * that does not mention it is the usual one. Other programs may use the same names for anything, so a value counts only
 * if a training run here can have it and it does not contradict the tensors.
 */
function metadataOf({ metadata, candidates }: ModelFile): Told {
  const isRecord = RECORD_FIELDS.every((name) => name in metadata);
  const all = isRecord ? { activation: String(assumedValue("activation")), ...metadata } : metadata;
  const short = Object.entries(all).filter(([, text]) => text.length <= MAX_TEXT);
  const { overwrite: _, num_layers: __, ...fields } = parseFields(Object.fromEntries(short));
  const assumed = metadata.assumed ?? "";
  const isPossible = ([name, value]: [string, unknown]) =>
    !assumed.includes(`"${name}"`) && isSetting(name, value) &&
    (name !== "model_type" || candidates.some(({ modelType }) => modelType === value)) &&
    (name !== "hidden_layers_config" ||
      candidates.some(({ hiddenLayers }) => String(hiddenLayers) === String(value))) &&
    CONVOLUTION_FIELDS.every(([field, key]) =>
      name !== field || candidates.some(({ convolutions }) => String(convolutions?.[key]) === String(value))
    );
  return Object.fromEntries(Object.entries(fields).filter(isPossible));
}

function isSetting(name: string, value: unknown): boolean {
  try {
    validate(ImportConfigSchema, { [name]: value }, "the metadata");
    return true;
  } catch {
    return false;
  }
}
