import { type FormQuery, LEARNING_RATE_RANGE_NAMES, LEARNING_RATE_RANGES } from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";

/** The drawing page's fields, by which models are looked up. It keeps the others for the links back. */
export class DrawingForm extends ModelForm {
  constructor() {
    super();
    // The page shows no rate, so at first there is only the range.
    this.chooseRange("Medium High");
  }

  /** Leaves out the middle of a range, because the range alone means that. */
  protected override rateText(): string | undefined {
    const rate = super.rateText(), range = this.range.value;
    return range !== undefined && Number(rate) === LEARNING_RATE_RANGES[range].middle ? undefined : rate;
  }

  /** If the range does not contain the rate, the range wins. A rate that no training can have is ignored. */
  override read(query: FormQuery): void {
    const rate = Number(query.learning_rate);
    super.read({ ...query, learning_rate: rate > 0 && rate <= 1 ? `${rate}` : undefined });
    const range = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    if (range !== undefined && range !== this.range.value) this.chooseRange(range);
  }
}
