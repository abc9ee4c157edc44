/** Which stored model answers to the fields of a request: one rule for the service and for the page. */
import { isInRange } from "./learning_rate.ts";
import type { ModelRecord } from "./model_record.ts";
import type { PredictParams } from "./predict_params.ts";
import { sameWidths } from "./same_model.ts";

/** A stored model and the fields in which it differs from what was asked for. */
export interface NearestModel {
  model: ModelRecord;
  differs: string[];
}

/** The model that matches `params`: of several the most accurate, then the newest. */
export function findMatch(records: readonly ModelRecord[], params: PredictParams): ModelRecord | undefined {
  let match: ModelRecord | undefined;
  for (const record of records) {
    if (differingFields(record, params).length > 0) continue;
    if (match === undefined || isBetter(record, match)) match = record;
  }
  return match;
}

/** The model that differs from `params` in the fewest fields: of several the most accurate, then the newest. */
export function findNearest(records: readonly ModelRecord[], params: PredictParams): NearestModel | null {
  let nearest: NearestModel | null = null;
  for (const model of records) {
    const differs = differingFields(model, params);
    const isNearer = nearest === null || differs.length < nearest.differs.length ||
      (differs.length === nearest.differs.length && isBetter(model, nearest.model));
    if (isNearer) nearest = { model, differs };
  }
  return nearest;
}

/** Names of the fields in which `record` does not answer to `params`; empty for a match. */
export function differingFields(record: ModelRecord, params: PredictParams): string[] {
  const differs: string[] = [];
  if (record.model_type !== params.model_type) differs.push("model_type");
  if (record.optimizer !== params.optimizer) differs.push("optimizer");
  if (!isInRange(record.learning_rate, params.learning_rate_range)) differs.push("learning_rate_range");
  if (record.batch_size !== params.batch_size) differs.push("batch_size");
  if (record.num_epochs !== params.epochs) differs.push("epochs");
  if (!sameWidths(record.hidden_layers_config, params.hidden_layers_config)) differs.push("hidden_layers_config");
  if (record.use_dropout !== params.use_dropout) differs.push("use_dropout");
  return differs;
}

/** Whether `a` goes before `b` where both would do: the more accurate, then the newer. */
export function isBetter(a: ModelRecord, b: ModelRecord): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.timestamp > b.timestamp);
}
