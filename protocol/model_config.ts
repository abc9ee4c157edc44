/**
 * The table of all fields that describe a model. Everything that accepts, stores, compares or shows a configuration is
 * derived from it: the schemas in `requests.ts` and `models.ts`, the query string, the pages' forms, tables and
 * sentences.
 */
import * as v from "valibot";
import { ACTIVATIONS, type Convolutions, DEFAULT_CONVOLUTIONS, MODEL_TYPES } from "../core/models/families.ts";
import {
  choice,
  type FieldKind,
  type FieldValue,
  number,
  numbers,
  pair,
  sameValue,
  showValue,
  toggle,
  wholeNumber,
  wholeNumberSchema,
  widths,
} from "./field_kinds.ts";
import {
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  type LearningRateRange,
  rangeOf,
} from "./learning_rate_ranges.ts";

export { MODEL_TYPES, type ModelType } from "../core/models/families.ts";

/** Optimisers, each with PyTorch's update rule and default hyper-parameters. */
export const OPTIMIZERS = ["Adam", "SGD", "RMSprop", "AdamW"] as const;

/** The name of an optimiser. */
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** How the learning rate changes over a training run, as in PyTorch's `CosineAnnealingLR` and `OneCycleLR`. */
export const SCHEDULES = ["constant", "cosine", "one_cycle"] as const;

/** Bounds of whole numbers in a configuration, both ends included. */
export const BOUNDS = {
  epochs: { min: 1, max: 200 },
  batchSize: { min: 1, max: 2048 },
  hiddenLayers: { max: 8 },
  hiddenUnits: { min: 1, max: 2048 },
  convolutions: { max: 4 },
  filters: { min: 1, max: 256 },
  seed: { min: 0, max: 2 ** 32 - 1 },
} as const;

const rate = "must be a number greater than 0 and at most 1";
const share = "must be a number from 0 to 1";
const fraction = "must be a number from 0 up to, but not including, 1";
const fractionSchema = v.pipe(v.number(fraction), v.minValue(0, fraction), v.ltValue(1, fraction));

const kernelSchema = v.pipe(v.number("must be 3 or 5"), v.check((side) => side === 3 || side === 5, "must be 3 or 5"));

/** The fields on which usual values of others depend. */
interface UsualContext {
  readonly optimizer: string;
  readonly conv_channels?: readonly number[] | null;
}

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
    ...number(fractionSchema),
    label: "Dropout probability",
    initial: 0.3,
    optional: true,
    partOf: "use_dropout",
  },
  conv_channels: {
    ...numbers(wholeNumberSchema(BOUNDS.filters), BOUNDS.convolutions.max, "convolution"),
    label: "Filters",
    usual: () => DEFAULT_CONVOLUTIONS.channels,
    only: { field: "model_type", is: ["ConvNN"] },
    inFile: true,
  },
  conv_kernels: {
    ...numbers(kernelSchema, BOUNDS.convolutions.max, "convolution"),
    label: "Filter sizes",
    usual: ({ conv_channels }: UsualContext) => (conv_channels ?? DEFAULT_CONVOLUTIONS.channels).map(() => 3),
    only: { field: "model_type", is: ["ConvNN"] },
    inFile: true,
  },
  conv_padding: {
    ...choice(["same", "valid"]),
    label: "Padding",
    usual: () => DEFAULT_CONVOLUTIONS.padding,
    only: { field: "model_type", is: ["ConvNN"] },
    inFile: true,
  },
  activation: {
    ...choice(ACTIVATIONS),
    label: "Activation",
    usual: () => "relu",
  },
  lr_schedule: {
    ...choice(SCHEDULES),
    label: "Schedule",
    usual: () => "constant",
  },
  momentum: {
    ...number(fractionSchema),
    label: "Momentum",
    usual: () => 0,
    only: { field: "optimizer", is: ["SGD", "RMSprop"] },
  },
  betas: {
    ...pair(fractionSchema),
    label: "Betas",
    usual: () => [0.9, 0.999],
    only: { field: "optimizer", is: ["Adam", "AdamW"] },
  },
  weight_decay: {
    ...number(v.pipe(v.number(share), v.minValue(0, share), v.maxValue(1, share))),
    label: "Weight decay",
    usual: ({ optimizer }: UsualContext) => optimizer === "AdamW" ? 0.01 : 0,
  },
  label_smoothing: {
    ...number(fractionSchema),
    label: "Label smoothing",
    usual: () => 0,
  },
} as const;

type Fields = typeof MODEL_FIELDS;

/** The name of a field, as configurations and records spell it. */
export type FieldName = keyof Fields;

/** The name of a field that every configuration and record has. */
export type BasicFieldName = {
  [Name in FieldName]: Fields[Name] extends { initial: unknown } ? Name : never;
}[FieldName];

/** The name of a field that is left out where it has its usual value. */
export type FurtherFieldName = Exclude<FieldName, BasicFieldName>;

/**
 * A value for each field; one that may be left out has its usual value then. These decide whether two models are
 * duplicates.
 */
export type ModelConfig =
  & { [Name in BasicFieldName]: v.InferOutput<Fields[Name]["schema"]> }
  & { [Name in FurtherFieldName]?: v.InferOutput<Fields[Name]["schema"]> | null | undefined };

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
  readonly initial?: FieldValue;
  /** For a field without `initial`, which no record mentions: the value that it has in a configuration without it. */
  usual?(config: UsualContext): FieldValue;
  /** The field belongs to some values of another one, and cannot be set beside others. */
  readonly only?: { readonly field: FieldName; readonly is: readonly FieldValue[] };
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

/** Whether models that differ in nothing but this field may answer differently. */
export function isOfNetwork(name: FieldName): boolean {
  return name === "activation" || fieldOf(name).inFile === true;
}

/**
 * Fields that weights do not reveal: those of the training run, and the network's activation, without which its answers
 * may be wrong. If an import does not state them either, they are `assumed`.
 */
export const PAST_FIELDS: readonly FieldName[] = FIELD_NAMES.filter((name) => {
  const { inFile, optional, usual } = fieldOf(name);
  return !inFile && !optional && (usual === undefined || isOfNetwork(name));
});

/** The value of a field that an import assumes if nobody states it. */
export function assumedValue(name: FieldName): FieldValue {
  return valueOf(DEFAULT_CONFIG, name);
}

/** A configuration with the values that `valueOf` gives, which must be of the right type. */
export function makeConfig(valueOf: (name: FieldName) => unknown): ModelConfig {
  const values = FIELD_NAMES.map((name) => [name, valueOf(name)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as unknown as ModelConfig;
}

/** The configuration that a form shows at first and that an import assumes. */
export const DEFAULT_CONFIG: ModelConfig = makeConfig((name) => fieldOf(name).initial);

/** The fields of `source` that describe a model, as records have them: without usual values and anything else. */
export function configOf(source: ModelConfig): ModelConfig {
  return makeConfig((name) => isUsual(source, name) ? undefined : source[name]);
}

/** The value of a field in `config`, whether or not it is mentioned there. */
export function valueOf<Name extends FieldName>(config: ModelConfig, name: Name): NonNullable<ModelConfig[Name]> {
  return (config[name] ?? fieldOf(name).usual?.(config)) as NonNullable<ModelConfig[Name]>;
}

/** Whether a field may be left out of `config` because it has the value that it would have then. */
export function isUsual(config: ModelConfig, name: FieldName): boolean {
  const { usual } = fieldOf(name), value = config[name];
  return usual !== undefined && (value == null || sameValue(value, usual(config)));
}

/** Whether a field matters in `config`: the probability of dropout matters only while dropout is on. */
export function counts(config: ModelConfig, name: FieldName): boolean {
  const { partOf, only } = fieldOf(name);
  return (partOf === undefined || config[partOf] === true) &&
    (only === undefined || only.is.includes(config[only.field]!));
}

/** The convolutions of a ConvNN; undefined for another family. */
export function convolutionsOf(config: ModelConfig): Convolutions | undefined {
  if (config.model_type !== "ConvNN") return undefined;
  return {
    channels: valueOf(config, "conv_channels"),
    kernels: valueOf(config, "conv_kernels"),
    padding: valueOf(config, "conv_padding"),
  };
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

/** Whether a field of the training run of `model` is unknown, and not only one of its network. */
function isOfUnknownPast(model: ModelConfig): boolean {
  return PAST_FIELDS.some((name) => !isOfNetwork(name) && !isKnown(model, name));
}

/**
 * Whether two models count as duplicates. A model whose past is unknown is not a duplicate of any other; an activation
 * that is only assumed counts as it is.
 */
export function isDuplicate(a: ModelConfig, b: ModelConfig): boolean {
  if (isOfUnknownPast(a) || isOfUnknownPast(b)) return false;
  for (const name of FIELD_NAMES) {
    if (!sameValue(valueOf(a, name), valueOf(b, name)) && (counts(a, name) || counts(b, name))) return false;
  }
  return true;
}

/** The fields that tables and sentences show separately. A field that belongs to a toggle is shown with it. */
export const SETTINGS = FIELD_NAMES.filter((name) => fieldOf(name).partOf === undefined);

/** The settings that every table and sentence shows. The others are mentioned where they are unusual. */
export const MAIN_SETTINGS = SETTINGS.filter((name) => fieldOf(name).usual === undefined);

/** Whether a sentence about a model mentions a setting: one that is not usual, or not known to be. */
export function isMentioned(config: ModelConfig, name: FieldName): boolean {
  return !isUsual(config, name) || !isKnown(config, name);
}

/** Shown instead of a value that an import assumed. */
export const UNKNOWN = "unknown";

/** A setting's value in a table: `Adam`, `128, 64`, `none`, `unknown`; for dropout its probability, or `off`. */
export function showSetting(config: ModelConfig, name: FieldName): string {
  if (!isKnown(config, name)) return UNKNOWN;
  if (!counts(config, name)) return "–";
  const part = config[name] === true && FIELD_NAMES.find((other) => fieldOf(other).partOf === name);
  return showValue(valueOf(config, part || name));
}

/** A setting in words: `Adam`, `learning rate 0.001`, `5 epochs`, `no dropout`; `label` is the name of a number. */
export function describeSetting(
  config: ModelConfig,
  name: FieldName,
  label: string = fieldOf(name).label.toLowerCase(),
): string {
  const { kind, unit, usual } = fieldOf(name), value = showSetting(config, name);
  if (value === UNKNOWN) return `${label} unknown`;
  if (kind === "choice" && usual === undefined) return value;
  if (unit !== undefined) return `${value} ${unit}${value === "1" ? "" : "s"}`;
  if (value === "none" || value === "off") return `no ${label}`;
  return value === "on" ? label : `${label} ${value}`;
}

/** The settings in which two models differ; one that only one of them has is a difference where it is unusual. */
export function differingSettings(a: ModelConfig, b: ModelConfig): FieldName[] {
  return SETTINGS.filter((name) => {
    if (showSetting(a, name) === showSetting(b, name)) return false;
    const having = [a, b].filter((config) => counts(config, name));
    return having.length === 2 || having.some((config) => !isUsual(config, name));
  });
}
