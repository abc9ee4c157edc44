/** Stored models: their records, and which of them answers to the settings of a request. */
import * as v from "valibot";
import type { PredictParams } from "./configs.ts";
import { sameValue } from "./field_kinds.ts";
import type { LearningRateRange } from "./learning_rate.ts";
import {
  type Field,
  FIELD_NAMES,
  type FieldName,
  fieldOf,
  type MODEL_FIELDS,
  type ModelConfig,
} from "./model_config.ts";

const number = v.number("must be a number");
const text = v.string("must be a string");
const widths = v.array(number, "must be a list of layer widths");

/** Checks a field in a stored record, where bounds of training do not matter. */
type StoredSchema<F> = F extends { kind: "whole" | "number" } ? typeof number
  : F extends { kind: "widths" } ? typeof widths
  : F extends { schema: infer S } ? S
  : never;

type RecordEntry<F> = F extends { optional: true; initial: infer I }
  ? v.OptionalSchema<StoredSchema<F> & v.GenericSchema, I>
  : StoredSchema<F>;

type RecordEntries = { [Name in FieldName]: RecordEntry<(typeof MODEL_FIELDS)[Name]> };

function recordEntries(): RecordEntries {
  const stored = ({ kind, schema }: Field) =>
    kind === "widths" ? widths : kind === "whole" || kind === "number" ? number : schema;
  return Object.fromEntries(FIELD_NAMES.map((name) => {
    const field = fieldOf(name);
    return [name, field.optional ? v.optional(stored(field), field.initial) : stored(field)];
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

/** A text that changes whenever any field of a record does: a changed record stands for another model. */
export function recordVersion(record: ModelRecord): string {
  return JSON.stringify(record);
}

/** Whether `a` goes before `b` where both would do: the more accurate, then the newer. */
export function isBetter(a: ModelRecord, b: ModelRecord): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.timestamp > b.timestamp);
}

/** A stored model and the fields in which it differs from what was asked for. */
export interface NearestModel {
  model: ModelRecord;
  /** Names of fields of `PredictParams`. */
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

/** The fields by which models are looked up: the field of a record, and its name in `PredictParams`. */
export const ASKED_FIELDS: readonly { name: FieldName; asked: keyof PredictParams }[] = FIELD_NAMES.flatMap((name) => {
  const { asked } = fieldOf(name);
  return asked === undefined ? [] : [{ name, asked: asked as keyof PredictParams }];
});

/** Names of the fields of `params` that `record` does not answer to; empty for a match. */
export function differingFields(record: ModelRecord, params: PredictParams): string[] {
  const differs: string[] = [];
  for (const { name, asked } of ASKED_FIELDS) {
    const { ranges } = fieldOf(name), stored = record[name], wanted = params[asked];
    const answers = ranges?.includes(Number(stored), wanted as LearningRateRange) ?? sameValue(stored, wanted);
    if (!answers) differs.push(asked);
  }
  return differs;
}

/** The settings by which a model is looked up; without a learning-rate range for a rate outside all of them. */
export function askedOf(config: ModelConfig): Partial<PredictParams> {
  return Object.fromEntries(ASKED_FIELDS.map(({ name, asked }) => {
    const { ranges } = fieldOf(name), value = config[name];
    return [asked, ranges ? ranges.of(Number(value)) : value];
  }));
}
