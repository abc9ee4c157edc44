import type { TrainingForm } from "./form.ts";
import { isPreset, PRESETS } from "./presets.ts";

/** Settings to begin with, each by one press. */
export function Presets({ form }: { form: TrainingForm }) {
  const config = form.config.value;
  return (
    <div class="presets" role="group" aria-label="Ready-made settings">
      {PRESETS.map((preset) => (
        <button
          key={preset.name}
          type="button"
          aria-pressed={config !== undefined && isPreset(preset, config)}
          onClick={() => form.set(preset.values)}
        >
          <span>{preset.name}</span>
          <span class="note">{preset.hint}</span>
        </button>
      ))}
    </div>
  );
}
