/** Formats numbers and models, the same on all pages. */
import { describeSetting, isMentioned, type ModelConfig, SETTINGS } from "../../../protocol/mod.ts";

const LOCALE = "en-GB";
/** Made once: a table shows thousands of numbers. */
const COUNTS = new Intl.NumberFormat(LOCALE);

/** `109386` → `109,386`. */
export function formatCount(count: number): string {
  return COUNTS.format(Math.round(count));
}

/** `94.1` (per cent) → `94.10 %`. */
export function formatPercent(percent: number): string {
  return `${percent.toFixed(2)} %`;
}

/**
 * A probability, 0 to 1: `0.941` → `94.1 %`. A probability that would round to 100 % or 0 % becomes `> 99.9 %` or `<
 * 0.1 %`.
 */
export function formatShare(share: number): string {
  if (share >= 0.9995) return "> 99.9 %";
  if (share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(1)} %`;
}

/** A duration in seconds: `0.8 s`, `42 s`, `3 min 5 s`, `1 h 2 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** A duration in milliseconds: `0.8 ms`, `12 ms`. */
export function formatMilliseconds(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 9.95 ? 1 : 0)} ms`;
}

/** Unix seconds → local date and time, such as `3 Feb 2026, 14:05`. */
export function formatTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "short" });
}

/** A count with its noun: `1 step`, `4,690 steps`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * All settings except the network's, which are written together. Computed once, because a search describes thousands of
 * models.
 */
const OTHER_SETTINGS = SETTINGS.filter((name) => name !== "model_type" && name !== "hidden_layers_config");

/** A model in one line: `SimpleNN (128, 64), Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout`. */
export function describeModel(model: ModelConfig): string {
  const { model_type: type, hidden_layers_config: widths } = model;
  return [
    `${type} (${widths.join(", ") || "no hidden layers"})`,
    ...OTHER_SETTINGS.filter((name) => isMentioned(model, name)).map((name) => describeSetting(model, name)),
  ].join(", ");
}
