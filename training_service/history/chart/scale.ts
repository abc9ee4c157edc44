/** From values to places on an axis, and the round numbers that stand at it. */
export interface Scale {
  place(value: number): number;
  ticks: number[];
}

/** An axis from `from` to `to` pixels with about `count` ticks; values outside of `min` to `max` stay at its ends. */
export function linearScale([min, max]: [number, number], [from, to]: [number, number], count: number): Scale {
  const step = roundStep((max - min) / count);
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + 1e-9 * step; i++) ticks.push(i * step);
  return {
    place: (value) => from + (Math.max(min, Math.min(max, value)) - min) / (max - min) * (to - from),
    ticks,
  };
}

/** The least of 1, 2 and 5 times a power of ten that is no less than `step`. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step * (1 - 1e-9)) ?? 10);
}

/** As many decimals as tell the ticks apart. */
export function formatTick(value: number, ticks: readonly number[]): string {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
