import { FALSE_ALARM_PERCENT, isOutOfDistribution } from "../core/mnist/ood/ood.ts";
import {
  describeDoubt,
  describePrediction,
  findMatch,
  findNearest,
  formatFormQuery,
  type ModelRecord,
  type NotTrainedResponse,
  paramsQuery,
  parseJson,
  type PredictParams,
  type PredictRequest,
  PredictRequestSchema,
  type PredictResponse,
  quote,
  recordVersion,
  validate,
  ValidationError,
} from "../protocol/mod.ts";
import { fieldOf, HttpError } from "../service/http/errors.ts";
import { DrawingError, type DrawingReader } from "./drawing/drawing_reader.ts";
import { type ModelStore, type PredictorCache, UnusableModelError } from "./predictor_cache.ts";

/** How often to look up a model that is replaced between look-up and opening. */
const MAX_ATTEMPTS = 3;

const DATA_URL_PREFIX = "data:image/png;base64,";

/** Everything needed to answer a prediction. */
export interface PredictDeps {
  store: ModelStore;
  predictors: PredictorCache;
  drawings: DrawingReader;
}

/**
 * Answers `POST /predict`.
 *
 * @param body JSON text
 * @param trainingUrl address of the training page, without a query
 * @throws {HttpError} 400 for a bad body (naming the field) or a blank drawing, 404 when no such model is stored (with
 * a `NotTrainedResponse`), 409 when the stored model cannot be used, 503 while too many large drawings are waiting
 */
export function answerPrediction(deps: PredictDeps, body: string, trainingUrl: string): Promise<PredictResponse> {
  // The texts of a large drawing are not kept while it waits for its turn.
  const { image_data, ...request } = parseRequest(body);
  return answer(deps, request, decodeDataUrl(image_data), trainingUrl);
}

/** A request without its picture. */
type Asked = Omit<PredictRequest, "image_data">;

async function answer(
  { store, predictors, drawings }: PredictDeps,
  request: Asked,
  png: Uint8Array<ArrayBuffer>,
  trainingUrl: string,
): Promise<PredictResponse> {
  let pixels: Uint8Array | undefined;
  for (let attempt = 1;; attempt++) {
    const records = await store.list();
    predictors.retain(records);
    const record = chooseModel(records, request, trainingUrl);
    pixels ??= await readPixels(drawings, png);
    try {
      return describe(record, await predictors.predict(record, pixels), pixels);
    } catch (error) {
      if (!(error instanceof UnusableModelError)) throw error;
      const present = await store.get(record.id);
      const replaced = present === undefined || recordVersion(present) !== recordVersion(record);
      if (!replaced || attempt === MAX_ATTEMPTS) throw new HttpError(409, error.message);
    }
  }
}

function parseRequest(body: string): PredictRequest {
  try {
    return validate(PredictRequestSchema, parseJson(body, "the body"), "the body");
  } catch (error) {
    if (error instanceof ValidationError) throw new HttpError(400, error.message, fieldOf(error));
    throw error;
  }
}

function chooseModel(
  records: ModelRecord[],
  request: Asked,
  trainingUrl: string,
): ModelRecord {
  if (request.model_id != null) {
    const record = records.find(({ id }) => id === request.model_id);
    if (record === undefined) throw new HttpError(404, `There is no model ${quote(request.model_id)}.`);
    return record;
  }
  const params = request.params!;
  const match = findMatch(records, params);
  if (match !== undefined) return match;
  const { error, ...rest } = notTrained(records, params, trainingUrl);
  throw new HttpError(404, error, rest);
}

function notTrained(records: ModelRecord[], params: PredictParams, trainingUrl: string): NotTrainedResponse {
  return {
    error: "Model not trained yet.",
    train_url: `${trainingUrl}/?${formatFormQuery(paramsQuery(params))}`,
    nearest: findNearest(records, params),
  };
}

async function readPixels(drawings: DrawingReader, png: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  try {
    return await drawings.read(png);
  } catch (error) {
    throw error instanceof DrawingError ? new HttpError(400, error.message, { field: "image_data" }) : error;
  }
}

/** The schema has checked that `url` begins as the data URL of a PNG. */
function decodeDataUrl(url: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(url.slice(DATA_URL_PREFIX.length));
  } catch {
    throw new HttpError(400, "image_data is not valid base64", { field: "image_data" });
  }
}

function describe(record: ModelRecord, probabilities: Float32Array, pixels: Uint8Array): PredictResponse {
  if (!probabilities.every(Number.isFinite)) {
    throw new UnusableModelError(`the training of model ${record.id} ended in weights that are not finite numbers`);
  }
  return describePrediction(record, probabilities, describeDoubt(isOutOfDistribution(pixels), FALSE_ALARM_PERCENT));
}
