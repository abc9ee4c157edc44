import { useRef } from "preact/hooks";
import { type DeviceChoice, DEVICES } from "../../protocol/mod.ts";
import { Button } from "../shared/components/controls.tsx";
import { SelectField, TextField } from "../shared/components/field.tsx";
import { ModelFields, ModelSize, RangeField } from "../shared/form/model_fields.tsx";
import type { TrainingForm } from "./form.ts";
import type { TrainingPage } from "./training_page.ts";
import { NearbyNote } from "./nearby_view.tsx";
import { Presets } from "./presets_view.tsx";

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
      <ModelFields
        form={form.model}
        dropout={
          <TextField
            id="dropout-p"
            label="Dropout probability"
            hint="Share of the units silenced at each step (p): 0.3 is three in ten."
            field={form.dropoutP}
            inputMode="decimal"
          />
        }
        learningRate={
          <>
            <TextField
              id="learning-rate"
              label="Learning rate"
              hint="Size of each correction. Too large overshoots, too small crawls."
              field={form.learningRate}
              inputMode="decimal"
            />
            <RangeField
              value={form.range.value}
              hint="Choosing one sets the rate to its middle."
              onChoose={(range) => form.chooseRange(range)}
            />
          </>
        }
      />
      <Further form={form} />
      <div class="start">
        <ModelSize form={form.model} blocked={form.config.value === undefined} />
        <NearbyNote nearby={model.nearby.value} />
        <Button type="submit" class="primary" idle={!model.canStart.value}>Start Training</Button>
      </div>
    </form>
  );
}

const DEVICE_TEXTS: Record<DeviceChoice, string> = {
  auto: "As the lab is set",
  webgpu: "GPU (WebGPU)",
  wasm: "CPU (WASM)",
  reference: "Plain loops (reference, very slow)",
};

/** What few need: open where a link or somebody has set one of them. */
function Further({ form }: { form: TrainingForm }) {
  const used = useRef(false);
  // Once open it stays so: who empties a field is about to fill it again.
  used.current ||= form.seed.text.value !== "" || form.device.value !== "auto";
  return (
    <details class="further" open={used.current || undefined}>
      <summary>More settings</summary>
      <div class="pair">
        <TextField
          id="seed"
          label="Seed"
          hint="The same whole number gives the same weights again. Empty: drawn by lot."
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
