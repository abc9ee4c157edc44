import { computed } from "@preact/signals";
import {
  type FormQuery,
  isInRange,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  rangeOf,
} from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";

/** The drawing page's fields, by which models are looked up. It keeps the others for the links back. */
export class DrawingForm extends ModelForm {
  /** A learning rate outside all ranges, as written in the address. */
  readonly otherRate = computed(() =>
    this.range.value === undefined ? this.fields.learning_rate.text.value : undefined
  );

  constructor() {
    super();
    // The page shows no rate, so at first there is only the range.
    this.chooseRange("Medium High");
  }

  /** Without the middle of a range, as that is what the range alone stands for. */
  protected override rateText(): string | undefined {
    const rate = super.rateText(), range = this.range.value;
    return range !== undefined && Number(rate) === LEARNING_RATE_RANGES[range].middle ? undefined : rate;
  }

  /** Of a rate and a range that does not contain it the range wins; a rate that no training could have is ignored. */
  override read(query: FormQuery): void {
    const { learning_rate: text, ...others } = query, rate = Number(text);
    const range = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    const isRate = range === undefined ? rate > 0 && rate <= 1 : isInRange(rate, range);
    super.read(
      isRate ? { ...others, learning_rate_range: range ?? rangeOf(rate), learning_rate: String(rate) } : others,
    );
  }
}
