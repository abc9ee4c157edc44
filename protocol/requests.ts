/** Requests of clients: a training run, a resumed run, an import, or the model that answers a drawing. */
import * as v from "valibot";
import { choice, wholeNumberSchema } from "./field_kinds.ts";
import { misfit } from "./misfit.ts";
import {
  BOUNDS,
  type Field,
  FIELD_NAMES,
  type FieldName,
  fieldOf,
  type FurtherFieldName,
  type MODEL_FIELDS,
  valueOf,
} from "./model_config.ts";
import { exactObject, unknownField } from "./validate.ts";

/** Where a training run or a prediction may run; `auto` leaves the choice to the lab. */
export const DEVICES = ["auto", "webgpu", "wasm", "reference"] as const;
/** The name of a device, or `auto`. */
export type DeviceChoice = (typeof DEVICES)[number];

type Fields = typeof MODEL_FIELDS;

/** A field in a configuration: an optional field has its default, and null means that it was left out. */
type ConfigEntry<F> = F extends { schema: infer S extends v.GenericSchema; usual: unknown }
  ? v.NullishSchema<S, undefined>
  : F extends { schema: infer S extends v.GenericSchema; optional: true; initial: infer I }
    ? v.NullishSchema<S, I & v.InferInput<S>>
  : F extends { schema: infer S } ? S
  : never;

/** A field in an import: fields that the file tells may be left out, and so may all others, which have defaults. */
type ImportEntry<F> = F extends
  | { schema: infer S extends v.GenericSchema; inFile: true }
  | { schema: infer S extends v.GenericSchema; usual: unknown } ? v.NullishSchema<S, undefined>
  : F extends { schema: infer S extends v.GenericSchema; initial: infer I } ? v.NullishSchema<S, I & v.InferInput<S>>
  : never;

/** A field by which models are looked up. */
type ParamEntry<F> = F extends { ranges: { schema: infer S } } ? S : ConfigEntry<F>;

type ConfigEntries = { [Name in FieldName]: ConfigEntry<Fields[Name]> };
type ImportEntries = { [Name in FieldName]: ImportEntry<Fields[Name]> };
type ParamEntries =
  & {
    [Name in FieldName as Fields[Name] extends { param: infer Param extends string } ? Param : never]: ParamEntry<
      Fields[Name]
    >;
  }
  & Pick<ConfigEntries, FurtherFieldName>;

function entries<Entries>(entryOf: (field: Field, name: FieldName) => [key: string, schema: unknown][]): Entries {
  return Object.fromEntries(FIELD_NAMES.flatMap((name) => entryOf(fieldOf(name), name))) as Entries;
}

const configEntry = ({ schema, optional, usual, initial }: Field) =>
  usual ? v.nullish(schema) : optional ? v.nullish(schema, initial) : schema;

const device = choice(DEVICES).schema;

function idSchema(what: string) {
  const message = `must be the id of a ${what}`;
  return v.pipe(v.string(message), v.minLength(1, message), v.maxLength(200, message));
}

/** The id of a run, whether or not there is such a run. */
export const runId = idSchema("run");
/** The id of a model, whether or not there is such a model. */
export const modelId = idSchema("model");
/** Determines the initial weights, the order of the digits and the dropout masks. */
export const seed = wholeNumberSchema(BOUNDS.seed);

const overwrite = v.boolean("must be true or false");

/** The fields of a training run. A function, so that pages that need no schema do not include them. */
function trainEntries() {
  return {
    ...entries<ConfigEntries>((field, name) => [[name, configEntry(field)]]),
    num_layers: v.nullish(v.number("must be the number of hidden layers")),
    seed: v.nullish(seed),
    device: v.nullish(device),
    /**
     * A stored model with the same layers, whose weights the training starts from; the result is stored as a new model.
     */
    start_from: v.nullish(modelId),
  };
}

/** The first message of a client on `/ws/train`. */
export const TrainConfigSchema = v.pipe(
  exactObject(trainEntries()),
  v.forward(
    v.partialCheck(
      [["num_layers"], ["hidden_layers_config"]],
      (config) => config.num_layers == null || config.num_layers === config.hidden_layers_config.length,
      "must equal the number of entries in hidden_layers_config",
    ),
    ["num_layers"],
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    const found = dataset.typed ? misfit(dataset.value) : undefined;
    if (!dataset.typed || found === undefined) return;
    // The value that counts: a field that is missing would be reported as such.
    const { name: key, why: message } = found, input = dataset.value, value = valueOf(input, key);
    addIssue({ message, input: value, path: [{ type: "object", origin: "value", input, key, value }] });
  }),
);

/** The names of the fields of a training run. */
export function trainFields(): string[] {
  return Object.keys(trainEntries());
}

/** A training run as a client asks for it, with defaults filled in. */
export type TrainConfig = v.InferOutput<typeof TrainConfigSchema>;

/** The configuration of a run that was once accepted, by this lab or by one that knew more fields. */
export const AcceptedConfigSchema = v.object(trainEntries());

/** Sent to `/ws/train` instead of a configuration: resumes an unfinished run with the settings that it began with. */
export const ResumeRequestSchema = v.strictObject({
  resume: runId,
  /** Device to resume on; by default the one on which the run began. */
  device: v.nullish(device),
}, ({ input }) => refuseBesideResume(String(input)));

/** The message for a field `name` that is not allowed together with `resume`. */
function refuseBesideResume(name: string): string {
  if (!trainFields().includes(name)) return unknownField(name, ["resume", "device"]);
  return `${name} cannot go with resume: a run goes on with the settings that it began with`;
}

/** Which unfinished run to resume. */
export type ResumeRequest = v.InferOutput<typeof ResumeRequestSchema>;

/**
 * What an import may say about its model. Fields that the file itself tells are only compared. The file says nothing
 * about the training, so fields left out are assumed to have the pages' initial values.
 */
export const ImportConfigSchema = exactObject({
  ...entries<ImportEntries>((
    { schema, inFile, initial },
    name,
  ) => [[name, inFile || initial === undefined ? v.nullish(schema) : v.nullish(schema, initial)]]),
  num_layers: v.nullish(v.number("must be the number of hidden layers")),
  /** Whether to replace a stored model with the same configuration. */
  overwrite: v.nullish(overwrite, false),
});

/** What an import says about its model, with defaults filled in. */
export type ImportConfig = v.InferOutput<typeof ImportConfigSchema>;

/** The names of the fields of an import, in the order in which messages list them. */
export const IMPORT_FIELDS = [...FIELD_NAMES, "num_layers", "overwrite"] as const;

/**
 * The settings by which `POST /predict` looks up a stored model. Fields with usual values may be left out, and then any
 * value will do.
 */
export const PredictParamsSchema = exactObject(
  entries<ParamEntries>((field, name) => {
    if (field.usual !== undefined) return [[name, configEntry(field)]];
    return field.param === undefined ? [] : [[field.param, field.ranges?.schema ?? configEntry(field)]];
  }),
);

/** The settings of the model that should answer. */
export type PredictParams = v.InferOutput<typeof PredictParamsSchema>;
