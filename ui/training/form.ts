import { computed, signal } from "@preact/signals";
import * as v from "valibot";
import {
  type FormQuery,
  isInRange,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  learningRate,
  type LearningRateRange,
  rangeOf,
  type TrainConfig,
  TrainConfigSchema,
} from "../../protocol/mod.ts";
import { ModelForm } from "../form/model_form.ts";
import { readNumber, TypedText } from "../form/typed_text.ts";

/** The training page's fields: the model's, and an exact learning rate with the range it lies in. */
export class TrainingForm {
  readonly model = new ModelForm();
  readonly learningRate = new TypedText("0.001", readNumber, learningRate);
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
    const result = v.safeParse(TrainConfigSchema, {
      model_type: modelType.value,
      optimizer: optimizer.value,
      learning_rate: this.learningRate.value.value,
      num_epochs: epochs.value.value,
      batch_size: batchSize.value.value,
      num_layers: hiddenLayers.value.value?.length,
      hidden_layers_config: hiddenLayers.value.value,
      use_dropout: useDropout.value,
    });
    return result.success ? result.output : undefined;
  });

  readonly query = computed((): FormQuery => ({
    ...this.model.query.value,
    learning_rate: this.learningRate.text.value,
    learning_rate_range: this.range.value,
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
  }

  set(config: TrainConfig): void {
    this.model.set(config);
    this.learningRate.text.value = String(config.learning_rate);
  }
}
