/**
 * The table of all fields that describe a model. Everything that accepts, stores, compares or shows a configuration is
 * derived from it: the schemas in `configs.ts` and `models.ts`, the query string, the pages' forms, tables and
 * sentences.
 */
import * as v from "valibot";
import { MODEL_TYPES } from "../core/models/families.ts";
import {
  choice,
  type FieldKind,
  type FieldValue,
  number,
  sameValue,
  showValue,
  toggle,
  wholeNumber,
  widths,
} from "./field_kinds.ts";
import { LEARNING_RATE_RANGE_NAMES, LEARNING_RATE_RANGES, type LearningRateRange, rangeOf } from "./learning_rate.ts";

export { MODEL_TYPES, type ModelType } from "../core/models/families.ts";

/** Optimisers, each with PyTorch's update rule and default hyper-parameters. */
export const OPTIMIZERS = ["Adam", "SGD", "RMSprop", "AdamW"] as const;

/** The name of an optimiser. */
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** Bounds of whole numbers in a configuration, both ends included. */
export const BOUNDS = {
  epochs: { min: 1, max: 200 },
  batchSize: { min: 1, max: 2048 },
  hiddenLayers: { max: 8 },
  hiddenUnits: { min: 1, max: 2048 },
  seed: { min: 0, max: 2 ** 32 - 1 },
} as const;

const rate = "must be a number greater than 0 and at most 1";
const probability = "must be a number from 0 up to, but not including, 1";

/** The rows, in the order in which users see the fields; `Field` explains their entries. */
export const MODEL_FIELDS = {
  model_type: {
    ...choice(MODEL_TYPES),
    label: "Model type",
    initial: "SimpleNN",
    param: "model_type",
    inFile: true,
  },
  hidden_layers_config: {
    ...widths(BOUNDS.hiddenUnits, BOUNDS.hiddenLayers.max),
    label: "Hidden layers",
    initial: [128, 64] as number[],
    param: "hidden_layers_config",
    inFile: true,
  },
  optimizer: {
    ...choice(OPTIMIZERS),
    label: "Optimizer",
    initial: "Adam",
    param: "optimizer",
  },
  learning_rate: {
    ...number(v.pipe(v.number(rate), v.gtValue(0, rate), v.maxValue(1, rate))),
    label: "Learning rate",
    initial: 0.001,
    param: "learning_rate_range",
    ranges: { ...choice(LEARNING_RATE_RANGE_NAMES), bounds: LEARNING_RATE_RANGES, of: rangeOf },
  },
  batch_size: {
    ...wholeNumber(BOUNDS.batchSize),
    label: "Batch size",
    initial: 64,
    param: "batch_size",
  },
  num_epochs: {
    ...wholeNumber(BOUNDS.epochs),
    label: "Epochs",
    unit: "epoch",
    initial: 5,
    param: "epochs",
    query: "epochs",
  },
  use_dropout: {
    ...toggle(),
    label: "Dropout",
    initial: false,
    optional: true,
    param: "use_dropout",
    inFile: true,
  },
  dropout_p: {
    ...number(v.pipe(v.number(probability), v.minValue(0, probability), v.ltValue(1, probability))),
    label: "Dropout probability",
    initial: 0.3,
    optional: true,
    partOf: "use_dropout",
  },
} as const;

type Fields = typeof MODEL_FIELDS;

/** The name of a field, as configurations and records spell it. */
export type FieldName = keyof Fields;

/** A value for each field. These decide whether two models are duplicates. */
export type ModelConfig = { [Name in FieldName]: v.InferOutput<Fields[Name]["schema"]> };

/** A row of the table. */
export interface Field {
  readonly kind: FieldKind;
  /** The names to choose from; only for a choice. */
  readonly options?: readonly string[];
  /** Checks a value that comes from outside. */
  readonly schema: v.GenericSchema<unknown, FieldValue>;
  /** Its name in tables of models. */
  readonly label: string;
  /** What the number counts, such as `epoch`. */
  readonly unit?: string;
  /** The value that a form shows at first, that an import assumes, and that an optional field has if it is left out. */
  readonly initial: FieldValue;
  /** May be left out of a configuration. */
  readonly optional?: true;
  /** An imported file reveals it. */
  readonly inFile?: true;
  /** Its name in the query string, if that differs. */
  readonly query?: string;
  /** Its name in the `params` of `POST /predict`, if models are looked up by it. */
  readonly param?: string;
  /** Models are looked up by a range of the value instead of the value itself. */
  readonly ranges?: {
    readonly schema: v.GenericSchema<unknown, LearningRateRange>;
    readonly bounds: Readonly<Record<LearningRateRange, { readonly min: number; readonly max: number }>>;
    of(value: number): LearningRateRange | undefined;
  };
  /** The toggle to which the field belongs; the field counts only while the toggle is on. */
  readonly partOf?: FieldName;
}

/** All fields, in the order in which users see them. */
export const FIELD_NAMES = Object.keys(MODEL_FIELDS) as FieldName[];

/** The row of the field `name`. */
export function fieldOf(name: FieldName): Field {
  return MODEL_FIELDS[name];
}

/** Fields of a training that weights do not reveal. If an import does not state them either, they are `assumed`. */
export const PAST_FIELDS: readonly FieldName[] = FIELD_NAMES.filter((name) => {
  const { inFile, optional } = fieldOf(name);
  return !inFile && !optional;
});

/** A configuration with the values that `valueOf` gives, which must be of the right type. */
export function makeConfig(valueOf: (name: FieldName) => unknown): ModelConfig {
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, valueOf(name)])) as ModelConfig;
}

/** The configuration that a form shows at first and that an import assumes. */
export const DEFAULT_CONFIG: ModelConfig = makeConfig((name) => MODEL_FIELDS[name].initial);

/** The fields of `source` that describe a model, without any others that it has. */
export function configOf(source: ModelConfig): ModelConfig {
  return makeConfig((name) => source[name]);
}

/** Whether a field matters in `config`: the probability of dropout matters only while dropout is on. */
function counts(config: ModelConfig, name: FieldName): boolean {
  const { partOf } = fieldOf(name);
  return partOf === undefined || config[partOf] === true;
}

/** Fields of an imported model that are unknown. Its record has defaults for them and names them in `assumed`. */
export function assumedIn(model: ModelConfig): readonly unknown[] {
  const { assumed } = model as { assumed?: unknown };
  return Array.isArray(assumed) ? assumed : [];
}

/** Whether the value of a field in `model` is known. */
export function isKnown(model: ModelConfig, name: FieldName): boolean {
  return !assumedIn(model).includes(name);
}

/** Whether two models count as duplicates. A model whose past is unknown is not a duplicate of any other. */
export function isDuplicate(a: ModelConfig, b: ModelConfig): boolean {
  if (assumedIn(a).length > 0 || assumedIn(b).length > 0) return false;
  for (const name of FIELD_NAMES) {
    if (!sameValue(a[name], b[name]) && (counts(a, name) || counts(b, name))) return false;
  }
  return true;
}

/** The fields that tables and sentences show separately. A field that belongs to a toggle is shown with it. */
export const SETTINGS = FIELD_NAMES.filter((name) => fieldOf(name).partOf === undefined);

/** The settings that every table and sentence shows: all but optional numbers and choices. */
export const MAIN_SETTINGS = SETTINGS.filter((name) => !fieldOf(name).optional || fieldOf(name).kind === "toggle");

/**
 * Whether a sentence about a model mentions a setting. An optional number or choice is mentioned only if it is not the
 * default.
 */
export function isMentioned(config: ModelConfig, name: FieldName): boolean {
  return MAIN_SETTINGS.includes(name) || !sameValue(config[name], fieldOf(name).initial);
}

/** Shown instead of a value that an import assumed. */
export const UNKNOWN = "unknown";

/** A setting's value in a table: `Adam`, `128, 64`, `none`, `unknown`; for dropout its probability, or `off`. */
export function showSetting(config: ModelConfig, name: FieldName): string {
  if (!isKnown(config, name)) return UNKNOWN;
  const part = config[name] === true && FIELD_NAMES.find((other) => fieldOf(other).partOf === name);
  return showValue(config[part || name]);
}

/** A setting in words: `Adam`, `learning rate 0.001`, `5 epochs`, `no dropout`; `label` is the name of a number. */
export function describeSetting(
  config: ModelConfig,
  name: FieldName,
  label: string = fieldOf(name).label.toLowerCase(),
): string {
  const { kind, unit } = fieldOf(name), value = showSetting(config, name);
  if (value === UNKNOWN) return `${label} unknown`;
  if (kind === "choice") return value;
  if (unit !== undefined) return `${value} ${unit}${value === "1" ? "" : "s"}`;
  if (value === "none" || value === "off") return `no ${label}`;
  return value === "on" ? label : `${label} ${value}`;
}

/** The settings in which two models differ. */
export function differingSettings(a: ModelConfig, b: ModelConfig): FieldName[] {
  return SETTINGS.filter((name) => showSetting(a, name) !== showSetting(b, name));
}
