/** The importing thread: reads one request, finds the model in it, and scores it. Large files take seconds. */
import { ModelFileError } from "../../core/formats/errors.ts";
import { type ModelFile, readModelFile } from "../../core/formats/model_file.ts";
import { ValidationError } from "../../protocol/mod.ts";
import { readTestDigits } from "../../service/dataset/dataset.ts";
import { resolveConfig } from "./import_config.ts";
import { readParts } from "./import_form.ts";
import type { FoundModel, FromImporter, ImportRequest, ToImporter } from "./import_messages.ts";
import { scoreModel } from "../training/score.ts";

let file: ModelFile;

self.onmessage = async ({ data }: MessageEvent<ToImporter>) => {
  const answer = await answerTo(data);
  const transfer = answer.type === "scored" ? answer.model.weights.map(({ data }) => data.buffer as ArrayBuffer) : [];
  self.postMessage(answer, { transfer });
};

async function answerTo(message: ToImporter): Promise<FromImporter> {
  try {
    if (message.type === "read") return { type: "found", model: await read(message.request) };
    const weights = file.tensors;
    const accuracy = await scoreModel(file, weights, await readTestDigits(message.dataDir));
    return { type: "scored", model: { weights, accuracy } };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof ValidationError) return { type: "refused", message: text, field: error.field };
    if (error instanceof ModelFileError) return { type: "refused", message: text, field: "file" };
    return { type: "failed", message: text };
  }
}

async function read(request: ImportRequest): Promise<FoundModel> {
  const { file: bytes, fileName, fields } = await readParts(request);
  file = readModelFile(bytes);
  return { ...resolveConfig(file, fields), source: fileName };
}
