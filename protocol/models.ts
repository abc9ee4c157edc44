/** Stored models: their records, and which of them matches the settings of a request. */
import * as v from "valibot";
import type { PredictParams } from "./requests.ts";
import { type FieldValue, sameValue } from "./field_kinds.ts";
import type { LearningRateRange } from "./learning_rate_ranges.ts";
import {
  assumedIn,
  type Field,
  FIELD_NAMES,
  type FieldName,
  fieldOf,
  type FurtherFieldName,
  isDuplicate,
  isKnown,
  isOfNetwork,
  type MODEL_FIELDS,
  type ModelConfig,
  valueOf,
} from "./model_config.ts";

const message = "must be a number";
const number = v.pipe(v.number(message), v.finite(message));
const text = v.string("must be a string");
const list = v.array(number, "must be a list of numbers");

/** Checks a field in a stored record, for which bounds of training do not matter. */
type StoredSchema<F> = F extends { kind: "whole" | "number" } ? typeof number
  : F extends { kind: "list" } ? typeof list
  : F extends { schema: infer S } ? S
  : never;

type RecordEntry<F> = F extends { usual: unknown } ? v.NullishSchema<StoredSchema<F> & v.GenericSchema, undefined>
  : F extends { optional: true; initial: infer I } ? v.NullishSchema<StoredSchema<F> & v.GenericSchema, I>
  : StoredSchema<F>;

type RecordEntries = { [Name in FieldName]: RecordEntry<(typeof MODEL_FIELDS)[Name]> };

function recordEntries(): RecordEntries {
  const stored = ({ kind, schema }: Field) =>
    kind === "list" ? list : kind === "whole" || kind === "number" ? number : schema;
  return Object.fromEntries(FIELD_NAMES.map((name) => {
    const field = fieldOf(name);
    if (field.usual) {
      // Other programs use the names of a training run's settings for anything, which changes nothing in the answers.
      const checked = isOfNetwork(name) ? field.schema : v.fallback(stored(field), undefined as unknown as FieldValue);
      return [name, v.nullish(checked)];
    }
    return [name, field.optional ? v.nullish(stored(field), field.initial) : stored(field)];
  })) as RecordEntries;
}

/**
 * One entry of `models_metadata.json`. Another program may have written it, so it is read leniently: bounds of training
 * do not matter in a stored model, and fields that this lab does not know are kept.
 */
export const ModelRecordSchema = v.looseObject({
  id: text,
  filename: text,
  /** Unix seconds. */
  timestamp: number,
  ...recordEntries(),
  /** Per cent of the test digits. */
  accuracy: number,
  /** Seconds, without waiting in the queue. */
  training_time: number,
});

/** The record of a stored model. */
export type ModelRecord = v.InferOutput<typeof ModelRecordSchema>;

/** A text that changes whenever any field of a record does, because a changed record means a different model. */
export function recordVersion(record: ModelRecord): string {
  return JSON.stringify(record);
}

/**
 * Whether `record` is the model that `config` would train. A model that was trained further is not, because it has seen
 * more.
 */
export function isStoredDuplicate(record: ModelRecord, config: ModelConfig): boolean {
  return record.started_from === undefined && isDuplicate(record, config);
}

/** Whether `a` is preferred to `b` if both match: the more accurate model, then the newer. */
export function isBetter(a: ModelRecord, b: ModelRecord): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.timestamp > b.timestamp);
}

/** A stored model and the fields in which it differs, or may differ, from the requested settings. */
export interface NearestModel {
  model: ModelRecord;
  /** Names of fields of `PredictParams`, including those that are unknown of the model. */
  differs: string[];
}

/** The fields by which models are always looked up: their names in records and in `PredictParams`. */
export const PARAM_FIELDS: readonly { name: FieldName; param: keyof PredictParams }[] = FIELD_NAMES.flatMap((name) => {
  const { param } = fieldOf(name);
  return param === undefined ? [] : [{ name, param: param as keyof PredictParams }];
});

/** The wanted value of a field: equal to `value` or, for a learning rate, within a range. */
interface Wanted {
  readonly name: FieldName;
  readonly param: string;
  readonly value: FieldValue;
  readonly range?: { readonly min: number; readonly max: number };
}

/** Fields by which models are looked up only if a request names them. */
export const FURTHER_FIELDS: readonly FurtherFieldName[] = FIELD_NAMES.filter((name): name is FurtherFieldName =>
  fieldOf(name).usual !== undefined
);

function wantedBy(params: PredictParams): readonly Wanted[] {
  const basic = PARAM_FIELDS.map(({ name, param }) => {
    const value = params[param]!, { ranges } = fieldOf(name);
    return { name, param, value, range: ranges?.bounds[value as LearningRateRange] };
  });
  const further = FURTHER_FIELDS.flatMap((name) => {
    const value = params[name];
    return value == null ? [] : [{ name, param: name, value }];
  });
  return [...basic, ...further];
}

function answers(record: ModelRecord, { name, value, range }: Wanted): boolean {
  const stored = valueOf(record, name);
  if (range !== undefined) return (stored as number) >= range.min && (stored as number) <= range.max;
  return stored === value || sameValue(stored, value);
}

/**
 * The model that matches `params`; of several the most accurate, then the newest. A model of which some of these fields
 * are unknown answers by its assumed values, but only if there is no model in which more are known.
 */
export function findMatch(records: readonly ModelRecord[], params: PredictParams): ModelRecord | undefined {
  return findClosest(records, params, 0);
}

/**
 * The model that differs from `params` in the fewest fields, counting those that are unknown; of several the most
 * accurate, then the newest.
 */
export function findNearest(records: readonly ModelRecord[], params: PredictParams): NearestModel | null {
  const model = findClosest(records, params, Infinity);
  return model === undefined ? null : { model, differs: differingFields(model, params) };
}

/** Like `findNearest`, but only among models whose stored values differ from `params` in at most `most` fields. */
function findClosest(records: readonly ModelRecord[], params: PredictParams, most: number): ModelRecord | undefined {
  const wanted = wantedBy(params);
  let closest: ModelRecord | undefined, fewest = Infinity;
  for (const record of records) {
    const assumed = assumedIn(record);
    let count = 0, differing = 0;
    for (const field of wanted) {
      const differs = !answers(record, field);
      if (differs) differing++;
      if (differs || assumed.includes(field.name)) count++;
      if (differing > most || count > fewest) break;
    }
    if (differing > most || count > fewest) continue;
    if (count < fewest || closest === undefined || isBetter(record, closest)) closest = record, fewest = count;
  }
  return closest;
}

/** Names of the fields of `params` in which `record` differs, or that are unknown of it; empty for a match. */
export function differingFields(record: ModelRecord, params: PredictParams): string[] {
  return wantedBy(params).filter((wanted) => !isKnown(record, wanted.name) || !answers(record, wanted))
    .map(({ param }) => param);
}

/** The settings by which a model is looked up. The range is undefined for a learning rate outside all ranges. */
export function paramsOf(config: ModelConfig): Partial<PredictParams> {
  return Object.fromEntries(PARAM_FIELDS.map(({ name, param }) => {
    const { ranges } = fieldOf(name), value = config[name];
    return [param, ranges ? ranges.of(Number(value)) : value];
  }));
}
