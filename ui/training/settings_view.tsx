import { useRef } from "preact/hooks";
import { type DeviceChoice, DEVICES, FIELD_NAMES } from "../../protocol/mod.ts";
import { Button } from "../shared/components/controls.tsx";
import { SelectField, TextField } from "../shared/components/field.tsx";
import { ModelFields, ModelSize } from "../shared/form/model_fields.tsx";
import type { TrainingForm } from "./form.ts";
import type { TrainingPage } from "./training_page.ts";
import { NearbyNote } from "./nearby.tsx";
import { Presets } from "./presets.tsx";

/** The left column: what to train, and the button that starts it. */
export function Settings({ model }: { model: TrainingPage }) {
  const { form } = model;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    model.start();
  };
  return (
    <form class="card settings" aria-label="Settings" onSubmit={submit} noValidate>
      <Presets form={form} />
      <ModelFields form={form} names={FIELD_NAMES} rangeHint="Choosing one sets the rate to its middle." />
      <Further form={form} />
      <div class="start">
        <ModelSize form={form} blocked={form.config.value === undefined} />
        <NearbyNote nearby={model.nearby.value} />
        {model.run.active.value && !model.trainsThis.value && (
          <p class="nearby">A training is running. The next one waits until it is done.</p>
        )}
        <Button type="submit" class="primary" idle={!model.canStart.value}>Start Training</Button>
      </div>
    </form>
  );
}

const DEVICE_TEXTS: Record<DeviceChoice, string> = {
  auto: "Automatic",
  webgpu: "GPU (WebGPU)",
  wasm: "CPU (WASM)",
  reference: "Plain loops (reference, very slow)",
};

/** Settings that few people need; open if a link or the user has set one of them. */
function Further({ form }: { form: TrainingForm }) {
  const used = useRef(false);
  // Once open it stays open, because a user who empties a field is about to fill it again.
  used.current ||= form.seed.text.value !== "" || form.device.value !== "auto";
  return (
    <details class="further" open={used.current || undefined}>
      <summary>More settings</summary>
      <div class="pair">
        <TextField
          id="seed"
          label="Seed"
          hint="The same whole number gives the same weights again. Leave empty for a random one."
          field={form.seed}
          inputMode="numeric"
        />
        <SelectField
          id="device"
          label="Device"
          hint="What computes the training."
          options={DEVICES.map((name) => ({ value: name, text: DEVICE_TEXTS[name] }))}
          value={form.device.value}
          onChoose={(name) => form.device.value = name as DeviceChoice}
        />
      </div>
    </details>
  );
}
