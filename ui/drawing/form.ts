import { batch, computed, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import {
  type FormQuery,
  LEARNING_RATE_RANGE_NAMES,
  learningRate,
  type LearningRateRange,
  type ModelRecord,
  type PredictParams,
  PredictParamsSchema,
  rangeOf,
} from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";

/** The drawing page's fields: the model's, and the range in which its learning rate lay. */
export class DrawingForm {
  readonly model = new ModelForm();
  /** Undefined while the page was opened for a rate that lies in none of them, `otherRate`. */
  readonly range = computed((): LearningRateRange | undefined => this.otherRate.value ? undefined : this.#range.value);
  /** A rate outside all ranges, as the address spells it. */
  readonly otherRate = signal<string | undefined>(undefined);
  readonly #range: Signal<LearningRateRange> = signal("Medium High");

  /** What a stored model is looked up by; undefined while a field is not valid. */
  readonly params = computed((): PredictParams | undefined => {
    const { modelType, optimizer, epochs, batchSize, hiddenLayers, useDropout } = this.model;
    const result = v.safeParse(PredictParamsSchema, {
      model_type: modelType.value,
      optimizer: optimizer.value,
      learning_rate_range: this.range.value,
      epochs: epochs.value.value,
      batch_size: batchSize.value.value,
      hidden_layers_config: hiddenLayers.value.value,
      use_dropout: useDropout.value,
    });
    return result.success ? result.output : undefined;
  });

  readonly query = computed((): FormQuery => ({
    ...this.model.query.value,
    learning_rate: this.otherRate.value,
    learning_rate_range: this.range.value,
  }));

  chooseRange(range: LearningRateRange): void {
    batch(() => {
      this.#range.value = range;
      this.otherRate.value = undefined;
    });
  }

  /** A query with a rate but no range gets the range of that rate, or none where the rate lies in none. */
  read(query: FormQuery): void {
    this.model.read(query);
    const named = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    const rate = Number(query.learning_rate);
    if (named !== undefined) this.chooseRange(named);
    else if (v.is(learningRate, rate)) this.#showRate(rate);
  }

  set(record: ModelRecord): void {
    this.model.set(record);
    this.#showRate(record.learning_rate);
  }

  #showRate(rate: number): void {
    const range = rangeOf(rate);
    if (range === undefined) this.otherRate.value = String(rate);
    else this.chooseRange(range);
  }
}
