import { DEFAULT_CONFIG, isDuplicate, type ModelConfig } from "../../protocol/mod.ts";
import type { TrainingForm } from "./form.ts";

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
    hint: "Seconds, about 97\u00a0% right",
    values: { ...DEFAULT_CONFIG, num_epochs: 3, hidden_layers_config: [128] },
  },
  {
    name: "Accurate",
    hint: "Minutes, about 99\u00a0% right",
    values: { ...DEFAULT_CONFIG, model_type: "ConvNN", hidden_layers_config: [128], use_dropout: true },
  },
];

/** Buttons that fill in ready-made settings. */
export function Presets({ form }: { form: TrainingForm }) {
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
