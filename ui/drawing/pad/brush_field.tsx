import { BRUSH_NAMES } from "../canvas/marks.ts";
import type { Sketch } from "../canvas/sketch.ts";

/** How wide the pen draws. */
export function BrushField({ sketch }: { sketch: Sketch }) {
  return (
    <fieldset class="brushes" role="radiogroup" aria-label="Brush size">
      <div class="segments">
        {BRUSH_NAMES.map((name) => (
          <label key={name} title={`${name} brush`}>
            <input
              type="radio"
              name="brush"
              aria-label={name}
              checked={sketch.brush.value === name}
              onChange={() => sketch.brush.value = name}
            />
            <span class={`brush ${name.toLowerCase()}`} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
