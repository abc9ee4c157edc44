/** `mnist-lab predict FILE.png`: classifies one drawing. */
import { FALSE_ALARM_PERCENT, isOutOfDistribution } from "../core/mnist/ood/ood.ts";
import { openPredictor } from "../core/training/predictor.ts";
import { DrawingError, readDrawing } from "../inference_service/drawing/drawing_reader.ts";
import {
  describeDoubt,
  describePrediction,
  isBetter,
  type ModelRecord,
  type PredictResponse,
} from "../protocol/mod.ts";
import { specOf } from "../lab/models/mod.ts";
import type { Settings } from "../service/process/settings.ts";
import { UsageError } from "./arguments.ts";
import { openRegistry } from "../service/files/open_registry.ts";

/**
 * Classifies the drawing in the PNG `file` with the model `modelId` or the most accurate one.
 *
 * @throws {UsageError} when the drawing cannot be read, or there is no such model
 */
export async function predictFile(
  settings: Settings,
  file: string,
  modelId: string | undefined,
): Promise<PredictResponse> {
  const pixels = await readPixels(file);
  const registry = await openRegistry(settings.modelsDir);
  const record = chooseModel(await registry.list(), modelId, settings.modelsDir);
  const device = settings.device === "auto" ? "wasm" : settings.device;
  const predictor = await openPredictor(specOf(record), await registry.readWeights(record), { device });
  try {
    const doubt = describeDoubt(isOutOfDistribution(pixels), FALSE_ALARM_PERCENT);
    const probabilities = await predictor.predict(pixels);
    if (!probabilities.every(Number.isFinite)) {
      throw new UsageError(
        `The training of ${record.id} ended in weights that are not finite numbers; choose another model.`,
      );
    }
    return describePrediction(record, probabilities, doubt);
  } finally {
    predictor.close();
  }
}

/** The answer as lines of text: the digit alone, then the model and its confidence, then the doubt, if any. */
export function predictionLines({ prediction, confidence, doubt, found_model }: PredictResponse): string {
  const { id, accuracy } = found_model;
  const lines = [`${prediction}`, `${confidence} sure, by ${id} (${accuracy} of the test digits right)`];
  return [...lines, ...(doubt === null ? [] : [`But: ${doubt.message}`])].join("\n");
}

async function readPixels(file: string): Promise<Uint8Array> {
  let png: Uint8Array;
  try {
    png = await Deno.readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return readDrawing(png);
  } catch (error) {
    if (error instanceof DrawingError) throw new UsageError(`${file}: ${error.message.replace(/^image_data: /, "")}`);
    throw error;
  }
}

function chooseModel(records: readonly ModelRecord[], id: string | undefined, folder: string): ModelRecord {
  if (id !== undefined) {
    const named = records.find((record) => record.id === id);
    if (named === undefined) {
      throw new UsageError(`There is no model "${id}" in ${folder}; mnist-lab models lists them.`);
    }
    return named;
  }
  const [first, ...others] = records;
  if (first === undefined) {
    throw new UsageError(`No model is stored in ${folder} yet: mnist-lab train --config '{…}' makes one.`);
  }
  return others.reduce((best, record) => isBetter(record, best) ? record : best, first);
}
