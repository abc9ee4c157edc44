import { type Signal, signal } from "@preact/signals";
import type { Preferences } from "../wire/preferences.ts";

/** Most of the run that the running mean may look back over, in per cent. */
export const MAX_SMOOTHING = 25;
const DEFAULT_SMOOTHING = 5;

const SMOOTHING = "chart.smoothing";
const LOG_SCALE = "chart.log-scale";

/** How the loss curve is drawn, remembered between visits. */
export class ChartOptions {
  /** How much of the run so far the running mean looks back over, in per cent, from 0 to `MAX_SMOOTHING`. */
  readonly smoothing: Signal<number>;
  readonly logScale: Signal<boolean>;

  constructor(private readonly preferences: Preferences) {
    const kept = parseFloat(preferences.get(SMOOTHING) ?? "");
    this.smoothing = signal(kept >= 0 && kept <= MAX_SMOOTHING ? kept : DEFAULT_SMOOTHING);
    this.logScale = signal(preferences.get(LOG_SCALE) === "true");
  }

  smooth(percent: number): void {
    this.smoothing.value = Math.min(Math.max(percent, 0), MAX_SMOOTHING);
    this.preferences.set(SMOOTHING, String(this.smoothing.value));
  }

  useLogScale(on: boolean): void {
    this.logScale.value = on;
    this.preferences.set(LOG_SCALE, String(on));
  }
}
