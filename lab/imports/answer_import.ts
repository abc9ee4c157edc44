/** The importing worker's answers: it reads one request, finds the model in it, and scores that. */
import { ModelFileError } from "../../core/formats/errors.ts";
import { type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { scoreModel } from "../../core/training/evaluation.ts";
import { ValidationError } from "../../protocol/mod.ts";
import { resolveConfig } from "./import_config.ts";
import { readParts } from "./import_form.ts";
import type { FoundModel, ImportQuestion, ImportReply, ImportRequest } from "./import_thread.ts";

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
