import { computed } from "@preact/signals";
import {
  type FormQuery,
  LEARNING_RATE_RANGE_NAMES,
  PARAM_FIELDS,
  type PredictParams,
  rangeOf,
} from "../../protocol/mod.ts";
import { ModelForm, SHARED_FIELDS } from "../shared/form/model_form.ts";

/** The drawing page's fields: those by which models are looked up. */
export class DrawingForm extends ModelForm {
  /** A learning rate outside all ranges, as the address spells it. */
  readonly otherRate = computed(() =>
    this.range.value === undefined ? this.fields.learning_rate.text.value : undefined
  );

  /** What a stored model is looked up by; undefined while a field is not valid. */
  readonly params = computed((): PredictParams | undefined => {
    const values = PARAM_FIELDS.map(({ name, param }) =>
      [param, name === "learning_rate" ? this.range.value : this.fields[name].value.value] as const
    );
    const isComplete = values.every(([, value]) => value !== undefined);
    return isComplete ? Object.fromEntries(values) as PredictParams : undefined;
  });

  readonly query = computed((): FormQuery => ({
    ...this.textsOf(SHARED_FIELDS),
    learning_rate: this.otherRate.value,
    learning_rate_range: this.range.value,
  }));

  /** Of a range and a rate the range wins; a rate that no training could have is ignored. */
  override read(query: FormQuery): void {
    const { learning_rate: text, ...others } = query, rate = Number(text);
    const isNamed = LEARNING_RATE_RANGE_NAMES.some((name) => name === query.learning_rate_range);
    const isRate = !isNamed && rate > 0 && rate <= 1;
    super.read(isRate ? { ...others, learning_rate_range: rangeOf(rate), learning_rate: String(rate) } : others);
  }
}
