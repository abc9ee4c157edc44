import { computed, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import {
  type FormQuery,
  LEARNING_RATE_RANGE_NAMES,
  type LearningRateRange,
  type ModelRecord,
  type PredictParams,
  PredictParamsSchema,
  rangeOf,
} from "../../protocol/mod.ts";
import { ModelForm } from "../form/model_form.ts";

/** The drawing page's fields: the model's, and the range in which its learning rate lay. */
export class DrawingForm {
  readonly model = new ModelForm();
  readonly range: Signal<LearningRateRange> = signal("Medium High");

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

  readonly query = computed((): FormQuery => ({ ...this.model.query.value, learning_rate_range: this.range.value }));

  /** A query with a rate but no range gets the range of that rate. */
  read(query: FormQuery): void {
    this.model.read(query);
    const named = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    this.range.value = named ?? rangeOf(Number(query.learning_rate)) ?? this.range.value;
  }

  set(record: ModelRecord): void {
    this.model.set(record);
    this.range.value = rangeOf(record.learning_rate) ?? this.range.value;
  }
}
