import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import {
  DEFAULT_CONFIG,
  type DeviceChoice,
  DEVICES,
  FIELD_NAMES,
  fieldOf,
  isDuplicate,
  type ModelConfig,
} from "../../protocol/mod.ts";
import { Button } from "../shared/components/controls.tsx";
import { SelectField, TextField } from "../shared/form/field.tsx";
import { ModelFields, ModelSize } from "../shared/form/model_fields.tsx";
import { lazily } from "../shared/components/rendering.tsx";
import type { TrainingForm } from "./form.ts";
import { NearbyNote } from "./nearby.tsx";
import type { TrainingPage } from "./training_page.ts";

const LazyMoreFields = lazily(async () => (await import("../shared/form/more_fields.tsx")).MoreModelFields);

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
          <p class="nearby">A run is in progress. The next one waits until it is done.</p>
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
  const used = useRef(false), isOpened = useSignal(false);
  // Once open it stays open, because a user who empties a field is about to fill it again.
  used.current ||= form.seed.text.value !== "" || form.device.value !== "auto" ||
    FIELD_NAMES.some((name) => fieldOf(name).usual !== undefined && form.isMentioned(name));
  return (
    <details
      class="further"
      open={used.current || undefined}
      onToggle={({ currentTarget }) => isOpened.value ||= currentTarget.open}
    >
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
      <LazyMoreFields needed={isOpened.value || used.current} form={form} />
    </details>
  );
}

/** Ready-made settings to begin with. */
export interface Preset {
  name: string;
  /** What to expect from it on an ordinary computer. */
  hint: string;
  values: ModelConfig;
}

/**
 * Accuracies were measured with several seeds, times on two idle cores, rounded up. Any setting that a preset leaves
 * out has its default.
 */
export const PRESETS: readonly Preset[] = [
  {
    name: "Fast",
    hint: "Seconds, about 97\u00a0% on MNIST",
    values: { ...DEFAULT_CONFIG, num_epochs: 3, hidden_layers_config: [128] },
  },
  {
    name: "Accurate",
    hint: "Minutes, about 99\u00a0% on MNIST",
    values: { ...DEFAULT_CONFIG, model_type: "ConvNN", hidden_layers_config: [128], use_dropout: true },
  },
];

/** Buttons that fill in ready-made settings. */
function Presets({ form }: { form: TrainingForm }) {
  const config = form.config.value;
  return (
    <div class="presets" role="group" aria-label="Ready-made settings">
      {PRESETS.map(({ name, hint, values }) => (
        <button
          key={name}
          type="button"
          aria-pressed={config !== undefined && isDuplicate(values, config)}
          onClick={() => form.set(values)}
        >
          <span>{name}</span>
          <span class="note">{hint}</span>
        </button>
      ))}
    </div>
  );
}
