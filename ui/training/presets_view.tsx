import { isDuplicate } from "../../protocol/mod.ts";
import type { TrainingForm } from "./form.ts";
import { PRESETS } from "./presets.ts";

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
