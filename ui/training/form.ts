import { computed, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import {
  DEFAULT_CONFIG,
  type DeviceChoice,
  DEVICES,
  FIELD_NAMES,
  type FormQuery,
  makeConfig,
  readNumber,
  seed,
  type TrainConfig,
} from "../../protocol/mod.ts";
import { ModelForm } from "../shared/form/model_form.ts";
import { TypedText } from "../shared/form/typed_text.ts";

/** The training page's fields: the model's, and what only a training needs to know. */
export class TrainingForm extends ModelForm {
  /** Empty for one that the lab draws. */
  readonly seed = new TypedText(
    "",
    (text) => text.trim() === "" ? undefined : readNumber(text),
    v.optional(seed),
  );
  readonly device: Signal<DeviceChoice> = signal("auto");

  /** What a training is started with; undefined while a field that counts is not valid. */
  readonly config = computed((): TrainConfig | undefined => {
    const counting = FIELD_NAMES.filter((name) => this.counts(name));
    const isWrong = counting.some((name) => this.fields[name].error.value !== undefined);
    if (isWrong || this.seed.error.value !== undefined) return undefined;
    const config = makeConfig((name) => counting.includes(name) ? this.fields[name].value.value : DEFAULT_CONFIG[name]);
    const seed = this.seed.value.value, device = this.device.value;
    return {
      ...config,
      num_layers: config.hidden_layers_config.length,
      ...seed !== undefined && { seed },
      ...device !== "auto" && { device },
    };
  });

  /** All of it, for a link that leads back to this form. */
  readonly fullQuery = computed((): FormQuery => ({
    ...this.query.value,
    ...this.seed.text.value.trim() !== "" && { seed: this.seed.text.value.trim() },
    ...this.device.value !== "auto" && { device: this.device.value },
  }));

  override read(query: FormQuery): void {
    super.read(query);
    if (query.seed !== undefined) this.seed.text.value = query.seed;
    this.device.value = this.choose("device", DEVICES, query) ?? this.device.value;
  }
}
