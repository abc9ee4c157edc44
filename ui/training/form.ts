import { computed, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import {
  type DeviceChoice,
  DEVICES,
  dropoutP,
  type FormQuery,
  isInRange,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  learningRate,
  type LearningRateRange,
  rangeOf,
  seed,
  type TrainConfig,
  TrainConfigSchema,
} from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";
import { readNumber, readOptionalNumber, TypedText } from "../shared/form/typed_text.ts";
import type { PresetValues } from "./presets.ts";

const DEFAULT_DROPOUT = "0.3";

/**
 * The training page's fields: the model's, an exact learning rate with the range it lies in, and what only a training
 * needs to know.
 */
export class TrainingForm {
  readonly model = new ModelForm();
  readonly learningRate = new TypedText("0.001", readNumber, learningRate);
  readonly dropoutP = new TypedText(DEFAULT_DROPOUT, readNumber, dropoutP);
  /** Empty for one that the lab draws. */
  readonly seed = new TypedText("", readOptionalNumber, v.optional(seed));
  readonly device: Signal<DeviceChoice> = signal("auto");
  /** Settles which of two ranges a rate on their common end belongs to. */
  readonly #chosenRange = signal<LearningRateRange>("Medium High");

  /** The range in which the rate lies; undefined for a rate outside all of them. */
  readonly range = computed(() => {
    const rate = this.learningRate.value.value;
    if (rate === undefined) return undefined;
    return isInRange(rate, this.#chosenRange.value) ? this.#chosenRange.value : rangeOf(rate);
  });

  /** What a training is started with; undefined while a field is not valid. */
  readonly config = computed((): TrainConfig | undefined => {
    const { modelType, optimizer, epochs, batchSize, hiddenLayers, useDropout } = this.model;
    // Without dropout its probability counts for nothing, whatever is left in the field.
    const dropoutIsWrong = useDropout.value && this.dropoutP.error.value !== undefined;
    if (dropoutIsWrong || this.seed.error.value !== undefined) return undefined;
    const seed = this.seed.value.value, device = this.device.value;
    const result = v.safeParse(TrainConfigSchema, {
      model_type: modelType.value,
      optimizer: optimizer.value,
      learning_rate: this.learningRate.value.value,
      num_epochs: epochs.value.value,
      batch_size: batchSize.value.value,
      num_layers: hiddenLayers.value.value?.length,
      hidden_layers_config: hiddenLayers.value.value,
      use_dropout: useDropout.value,
      ...useDropout.value && { dropout_p: this.dropoutP.value.value },
      ...seed !== undefined && { seed },
      ...device !== "auto" && { device },
    });
    return result.success ? result.output : undefined;
  });

  /** What both pages know. */
  readonly query = computed((): FormQuery => ({
    ...this.model.query.value,
    learning_rate: this.learningRate.text.value,
    learning_rate_range: this.range.value,
  }));

  /** All of it, for a link that leads back to this form. */
  readonly fullQuery = computed((): FormQuery => ({
    ...this.query.value,
    ...this.model.useDropout.value && { dropout_p: this.dropoutP.text.value },
    ...this.seed.text.value.trim() !== "" && { seed: this.seed.text.value.trim() },
    ...this.device.value !== "auto" && { device: this.device.value },
  }));

  /** Sets the rate to the arithmetic middle of `range`. */
  chooseRange(range: LearningRateRange): void {
    this.#chosenRange.value = range;
    this.learningRate.text.value = String(LEARNING_RATE_RANGES[range].middle);
  }

  read(query: FormQuery): void {
    this.model.read(query);
    const range = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    if (range !== undefined) this.chooseRange(range);
    if (query.learning_rate !== undefined) this.learningRate.text.value = query.learning_rate;
    if (query.dropout_p !== undefined) this.dropoutP.text.value = query.dropout_p;
    if (query.seed !== undefined) this.seed.text.value = query.seed;
    this.device.value = DEVICES.find((name) => name === query.device) ?? this.device.value;
  }

  /** Takes over a configuration, except for where it runs and for its seed, which the lab may have drawn. */
  set(config: PresetValues): void {
    this.model.set(config);
    this.learningRate.text.value = String(config.learning_rate);
    this.dropoutP.text.value = String(config.dropout_p);
  }
}
