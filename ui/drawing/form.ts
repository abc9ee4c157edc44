import { batch, computed, signal } from "@preact/signals";
import {
  type FieldName,
  fieldOf,
  type FormQuery,
  FURTHER_FIELDS,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  makeConfig,
  type ModelConfig,
  queryName,
} from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";

/**
 * The drawing page's fields, by which models are looked up. It shows no controls for further fields, such as momentum:
 * a model must match those that the address names, even with their usual values. It keeps the others for the links
 * back.
 */
export class DrawingForm extends ModelForm {
  readonly #named = signal<readonly FieldName[]>([]);

  /** Further fields that a model must match. */
  readonly further = computed(() => FURTHER_FIELDS.filter((name) => this.isMentioned(name)));

  /** The values of all fields; undefined for those that are invalid. */
  readonly values = computed((): ModelConfig => makeConfig((name) => this.fields[name].value.value));

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

  override isMentioned(name: FieldName): boolean {
    return super.isMentioned(name) || this.#named.value.includes(name) && this.counts(name);
  }

  override set(config: ModelConfig): void {
    batch(() => {
      super.set(config);
      this.#named.value = [];
    });
  }

  /** From now on, models may have any values of the further fields. */
  forgetFurther(): void {
    const { fields } = new ModelForm();
    batch(() => {
      for (const name of FURTHER_FIELDS) this.fields[name].text.value = fields[name].text.value;
      this.#named.value = [];
    });
  }

  /**
   * If the range does not contain the rate, the range wins. A rate that no training run can have is ignored, and so are
   * such values of further fields, which the page says, because there is no field to correct them in.
   */
  override read(query: FormQuery): void {
    const rate = Number(query.learning_rate);
    super.read({ ...query, learning_rate: rate > 0 && rate <= 1 ? `${rate}` : undefined });
    const range = LEARNING_RATE_RANGE_NAMES.find((name) => name === query.learning_rate_range);
    if (range !== undefined && range !== this.range.value) this.chooseRange(range);
    this.#named.value = FURTHER_FIELDS.filter((name) => {
      const { error, text } = this.fields[name], given = query[queryName(name)]?.trim();
      if (error.value !== undefined) {
        this.complain([`${name} ${error.value}.`]);
        text.value = "";
        return false;
      }
      // A choice that does not exist has been ignored.
      return given && (fieldOf(name).options?.includes(given) ?? true);
    });
  }
}
