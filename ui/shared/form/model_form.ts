import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import { CLASSES, countParameters, IMAGE_PIXELS, layersOf, type ModelSpec } from "../../../core/models/spec.ts";
import {
  convolutionsOf,
  DEFAULT_CONFIG,
  FIELD_NAMES,
  type FieldKind,
  type FieldName,
  fieldOf,
  type FieldValue,
  type FormQuery,
  FURTHER_FIELDS,
  isInRange,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  type LearningRateRange,
  makeConfig,
  misfit,
  type ModelConfig,
  type ModelRecord,
  PARAM_FIELDS,
  type PredictParams,
  queryName,
  rangeOf,
  readValue,
  type TrainConfig,
  unknownName,
  writeValue,
} from "../../../protocol/mod.ts";
import type { DatasetSize } from "../wire/dataset_size.ts";

/**
 * A field that is read and checked as the user types: its text, and the value it represents or what is wrong with it.
 */
export class TypedText<T> {
  readonly text: Signal<string>;
  /** Undefined while something is wrong. */
  readonly value: ReadonlySignal<T | undefined>;
  /** What is wrong, such as `must be a whole number from 1 to 200`; undefined while the text is valid. */
  readonly error: ReadonlySignal<string | undefined>;

  /**
   * @param initial the text to begin with
   * @param read the value that a text represents, not yet checked
   * @param schema checks that value
   * @param complaint words the schema's message for this field
   */
  constructor(
    initial: string,
    read: (text: string) => unknown,
    schema: v.GenericSchema<unknown, T>,
    complaint = (message: string) => message,
  ) {
    this.text = signal(initial);
    const result = computed(() => v.safeParse(schema, read(this.text.value), { abortEarly: true }));
    this.value = computed(() => result.value.success ? result.value.output : undefined);
    this.error = computed(() => result.value.success ? undefined : complaint(result.value.issues[0].message));
  }
}

/**
 * The fields that both pages have: those that a model must match exactly. The learning rate is not among them, because
 * a range is enough.
 */
export const SHARED_FIELDS: readonly FieldName[] = PARAM_FIELDS
  .filter(({ name, param }) => param === queryName(name)).map(({ name }) => name);

/** The fields of a model, as both pages hold them: each is a text that is checked as it is typed. */
export class ModelForm {
  /** By their names in configurations. */
  readonly fields = Object.fromEntries(
    FIELD_NAMES.map((name) => [name, openField(name)]),
  ) as { readonly [Name in FieldName]: TypedText<Exclude<ModelConfig[Name], null>> };

  /** Decides which of two ranges a rate at their common end belongs to. */
  readonly #chosenRange = signal<LearningRateRange>("Medium High");

  /** The range that contains the learning rate; undefined for a rate outside all ranges. */
  readonly range = computed(() => {
    const rate = this.fields.learning_rate.value.value;
    if (rate === undefined) return undefined;
    return isInRange(rate, this.#chosenRange.value) ? this.#chosenRange.value : rangeOf(rate);
  });

  /** Number of parameters, or undefined while the layers are invalid. */
  readonly parameterCount = computed(() => this.#spec.value && countParameters(this.#spec.value));

  /** How many numbers pass from layer to layer, such as `784 → 128 → 10`; undefined while the layers are invalid. */
  readonly shape = computed(() => {
    if (this.#spec.value === undefined) return undefined;
    // For an image the channels come first, as they are usually written.
    const hidden = layersOf(this.#spec.value).filter((layer) => layer.endsBlock)
      .map(({ output }) => output.toReversed().join(" × "));
    return [IMAGE_PIXELS, ...hidden, CLASSES].join(" → ");
  });

  /** Number of digits; undefined until the service has reported it. */
  readonly datasetSize = signal<DatasetSize | undefined>(undefined);

  /** Messages about parts of the page's address that this form cannot use. */
  readonly complaints = signal<readonly string[]>([]);

  /**
   * Optimiser steps of the whole training; undefined while epochs or batch size are invalid or the dataset is unknown.
   */
  readonly stepCount = computed(() => {
    const epochs = this.fields.num_epochs.value.value;
    const batchSize = this.fields.batch_size.value.value;
    const images = this.datasetSize.value?.train;
    return images && epochs && batchSize && Math.ceil(images / batchSize) * epochs;
  });

  readonly #spec = computed((): ModelSpec | undefined => {
    const modelType = this.fields.model_type.value.value;
    const hiddenLayers = this.fields.hidden_layers_config.value.value;
    if (modelType === undefined || hiddenLayers === undefined || this.misfit.value !== undefined) return undefined;
    return { modelType, hiddenLayers, convolutions: convolutionsOf(this.#values()) };
  });

  /** A field that does not go with the others, and why. */
  readonly misfit = computed(() => misfit(this.#values(), (name) => fieldOf(name).label.toLowerCase()));

  /** The values of all fields that matter; for those that are wrong, the defaults. */
  #values(): ModelConfig {
    return makeConfig((name) =>
      (this.counts(name) ? this.fields[name].value.value : undefined) ?? DEFAULT_CONFIG[name]
    );
  }

  /**
   * The fields to look a stored model up by; undefined while a field is invalid. Further fields count only where a link
   * needs them. A learning rate outside all ranges must match exactly, and only the page itself can look it up.
   */
  readonly params = computed((): PredictParams | undefined => {
    const values: (readonly [string, unknown])[] = PARAM_FIELDS.map(({ name, param }) => {
      const { value } = this.fields[name].value;
      return [param, name === "learning_rate" ? this.range.value ?? value : value] as const;
    });
    const further = FURTHER_FIELDS.filter((name) => this.isMentioned(name));
    values.push(...further.map((name) => [name, this.fields[name].value.value] as const));
    const isComplete = values.every(([, value]) => value !== undefined);
    return isComplete ? Object.fromEntries(values) as PredictParams : undefined;
  });

  /** The fields in a link to either page. */
  readonly query = computed((): FormQuery => ({
    ...this.textsOf(SHARED_FIELDS),
    learning_rate: this.rateText(),
    learning_rate_range: this.range.value,
    ...this.textsOf(FIELD_NAMES.filter((name) => this.isMentioned(name))),
  }));

  /** The learning rate in a link. */
  protected rateText(): string | undefined {
    return this.textsOf(["learning_rate"]).learning_rate;
  }

  /**
   * Whether a link needs a field that only one page shows: one that matters beside the values of the others, and has
   * another than its usual value.
   */
  isMentioned(name: FieldName): boolean {
    const { param, usual } = fieldOf(name), { text, value } = this.fields[name];
    if (param !== undefined || !this.counts(name)) return false;
    return usual === undefined || text.value.trim() !== "" && String(value.value) !== String(this.#usual(name));
  }

  /** Whether a field matters beside the values of the others. */
  counts(name: FieldName): boolean {
    const { partOf, only } = fieldOf(name);
    return (partOf === undefined || this.fields[partOf].value.value === true) &&
      (only === undefined || only.is.includes(this.fields[only.field].value.value ?? ""));
  }

  /** What an empty field shows: the value that counts then. */
  placeholderOf(name: FieldName): string | undefined {
    const usual = this.#usual(name);
    return usual === undefined ? undefined : spaced(fieldOf(name).kind, writeValue(usual));
  }

  #usual(name: FieldName): FieldValue | undefined {
    return fieldOf(name).usual?.(this.#values());
  }

  /** The texts of the fields `names`, for a link. */
  textsOf(names: readonly FieldName[]): FormQuery {
    return Object.fromEntries(names.map((name) => {
      const { text, value } = this.fields[name];
      return [queryName(name), value.value === undefined ? text.value : writeValue(value.value)];
    }));
  }

  /** Sets the rate to the arithmetic middle of `range`. */
  chooseRange(range: LearningRateRange): void {
    batch(() => {
      this.#chosenRange.value = range;
      this.fields.learning_rate.text.value = String(LEARNING_RATE_RANGES[range].middle);
    });
  }

  /**
   * Takes over the fields of `query`, and complains about what it cannot take over. A choice that does not exist is
   * ignored; other text is kept for the user to correct. A range without a rate sets the rate to its middle.
   */
  read(query: FormQuery): void {
    batch(() => {
      const range = this.choose("learning_rate_range", LEARNING_RATE_RANGE_NAMES, query);
      if (range !== undefined) this.chooseRange(range);
      for (const name of FIELD_NAMES) {
        const { kind, options } = fieldOf(name), key = queryName(name);
        const names = kind === "toggle" ? ["true", "false"] : options;
        const text = names === undefined ? query[key] : this.choose(key, names, query);
        if (text !== undefined) this.fields[name].text.value = spaced(kind, text);
      }
    });
  }

  /** The value of `key` in `query` if it is one of `names`; adds a complaint otherwise. */
  protected choose<T extends string>(key: keyof FormQuery, names: readonly T[], query: FormQuery): T | undefined {
    const text = query[key], found = names.find((name) => name === text);
    if (text !== undefined && found === undefined) this.complain([unknownName(key, text, names)]);
    return found;
  }

  /** Adds to the complaints. */
  complain(complaints: readonly string[]): void {
    this.complaints.value = [...this.complaints.value, ...complaints];
  }

  /** Takes over a configuration. */
  set(config: ModelConfig): void {
    batch(() => {
      this.#chosenRange.value = rangeOf(config.learning_rate) ?? this.#chosenRange.value;
      for (const name of FIELD_NAMES) this.fields[name].text.value = formText(name, config);
    });
  }
}

/** The query with which a page shows the settings of `model`. For a record, `model_id` names that exact model. */
export function queryOf(model: TrainConfig | ModelRecord): FormQuery {
  const form = new ModelForm();
  form.set(model);
  return { ...form.query.value, ..."id" in model && { model_id: model.id } };
}

function openField(name: FieldName): TypedText<unknown> {
  const { kind, schema, usual } = fieldOf(name);
  return new TypedText<unknown>(
    formText(name, DEFAULT_CONFIG),
    (text) => usual && text.trim() === "" ? undefined : readValue(kind, text),
    usual ? v.optional(schema) : schema,
    kind === "list" ? complainAboutList : undefined,
  );
}

function formText(name: FieldName, config: ModelConfig): string {
  const { kind, usual } = fieldOf(name);
  // A list of choices has no empty entry.
  const value = config[name] ?? (kind === "choice" ? usual?.(config) : undefined);
  return value === undefined ? "" : spaced(kind, writeValue(value));
}

/** `128,64` → `128, 64`; other text is left as it is. */
function spaced(kind: FieldKind, text: string): string {
  return kind === "list" ? text.split(",").map((width) => width.trim()).join(", ") : text;
}

/** A schema's message about a width mentions one number, but the field holds several. */
function complainAboutList(message: string): string {
  const plural = message.replace("must be a whole number", "must be whole numbers");
  return plural === message ? message : `${plural}, separated by commas`;
}
