import { type Signal, signal } from "@preact/signals";
import type { Preferences } from "../wire/preferences.ts";

/** How far the running mean may look back at most, in per cent of the run. */
export const MAX_SMOOTHING = 25;
const DEFAULT_SMOOTHING = 5;

const SMOOTHING = "chart.smoothing";
const LOG_SCALE = "chart.log-scale";

/** How the loss curve is drawn, remembered between visits. */
export class ChartOptions {
  /** How far the running mean looks back, in per cent of the run so far: 0 to `MAX_SMOOTHING`. */
  readonly smoothing: Signal<number>;
  /** Whether the loss axis is logarithmic. */
  readonly logScale: Signal<boolean>;
  readonly #preferences: Preferences;

  constructor(preferences: Preferences) {
    this.#preferences = preferences;
    const kept = parseFloat(preferences.get(SMOOTHING) ?? "");
    this.smoothing = signal(kept >= 0 && kept <= MAX_SMOOTHING ? kept : DEFAULT_SMOOTHING);
    this.logScale = signal(preferences.get(LOG_SCALE) === "true");
  }

  /** Sets and remembers the smoothing. */
  smooth(percent: number): void {
    this.smoothing.value = Math.min(Math.max(percent, 0), MAX_SMOOTHING);
    this.#preferences.set(SMOOTHING, String(this.smoothing.value));
  }

  /** Sets and remembers whether the loss axis is logarithmic. */
  useLogScale(on: boolean): void {
    this.logScale.value = on;
    this.#preferences.set(LOG_SCALE, String(on));
  }
}
