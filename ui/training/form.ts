import { computed, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import {
  configOf,
  DEFAULT_CONFIG,
  type DeviceChoice,
  DEVICES,
  FIELD_NAMES,
  type FormQuery,
  makeConfig,
  readValue,
  seed,
  type TrainConfig,
} from "../../protocol/mod.ts";
import { ModelForm, TypedText } from "../shared/form/model_form.ts";

/** The training page's fields: the model's, and those that only a training run needs. */
export class TrainingForm extends ModelForm {
  /** Empty if the lab should draw a random seed. */
  readonly seed = new TypedText(
    "",
    (text) => text.trim() === "" ? undefined : readValue("whole", text),
    v.optional(seed),
  );
  readonly device: Signal<DeviceChoice> = signal("auto");

  /** The configuration of a training run; undefined while a field that matters is invalid. */
  readonly config = computed((): TrainConfig | undefined => {
    const counting = FIELD_NAMES.filter((name) => this.counts(name));
    const isWrong = counting.some((name) => this.fields[name].error.value !== undefined);
    if (isWrong || this.seed.error.value !== undefined) return undefined;
    const values = makeConfig((name) => counting.includes(name) ? this.fields[name].value.value : DEFAULT_CONFIG[name]);
    if (this.misfit.value !== undefined) return undefined;
    const config = configOf(values);
    const seed = this.seed.value.value, device = this.device.value;
    return {
      ...config,
      num_layers: config.hidden_layers_config.length,
      ...seed !== undefined && { seed },
      ...device !== "auto" && { device },
    };
  });

  /** All fields, for a link back to this form. */
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
