/** The figures as text. */
import type { Figure } from "./case.ts";

const FIGURE_WIDTH = 22;

/** One line: the name, padded to `width`, and its figures in columns. */
export function row(name: string, figures: readonly Figure[], width: number): string {
  const cells = figures.map(({ value, unit }) => `${formatted(value)} ${unit}`.padEnd(FIGURE_WIDTH));
  return `${name.padEnd(width)}  ${cells.join("")}`.trimEnd();
}

/** Three digits that count, or all before the point: 0.123, 1.23, 12.3, 1,234. */
export function formatted(value: number): string {
  const size = Math.abs(value);
  const fractionDigits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const options = { minimumFractionDigits: fractionDigits, maximumFractionDigits: fractionDigits };
  return value.toLocaleString("en-US", options).padStart(9);
}
