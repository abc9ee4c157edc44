/** Defines a benchmark case and what all cases share, and prints the machine and the figures. */
import { cpus } from "node:os";
import type { Dataset } from "../../core/mnist/idx.ts";
import type { Settings } from "../../service/process/settings.ts";
import { detectFeatures } from "../../core/codegen/wasm/assembler/module_builder.ts";

/** One measured number with its unit. */
export interface Figure {
  value: number;
  /** Such as `steps/s`. */
  unit: string;
}

/** Something that is timed. */
export interface Case {
  /** Its first word names the subject, such as `train`. */
  name: string;
  /** Checks the results, then times the work; rejects if the results are wrong. */
  measure(): Promise<Figure[]>;
}

/** Thrown by a case that cannot run on this machine; the message says what is missing. */
export class Skipped extends Error {
  override name = "Skipped";
}

/** The parameters of every case. */
export interface Bench {
  dataset: Dataset;
  settings: Settings;
  /** How long to time one case. */
  seconds: number;
  /** How many times ours and a peer are timed, alternately. */
  pairs: number;
}

/** The machine that a figure was measured on. */
export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  /** Over 1, 5 and 15 minutes, at the start. Above 0, something else was running too. */
  loadAverage: number[];
  deno: string;
  v8: string;
  device: string;
}

/** Describes this machine and its current load. */
export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0].model.trim(),
    cores: navigator.hardwareConcurrency,
    loadAverage: Deno.loadavg(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    device: `wasm, 128-bit SIMD ${detectFeatures().relaxedFma ? "with" : "without"} fused multiply-add`,
  };
}

/** The machine as lines above a table. */
export function machineLines({ date, cpu, cores, loadAverage, deno, v8, device }: Machine): string[] {
  const load = loadAverage.map((value) => value.toFixed(2)).join(", ");
  return [
    `${cpu}, ${cores} cores, load average ${load}`,
    `Deno ${deno} (V8 ${v8}), ${device}, ${date}`,
  ];
}

const FIGURE_WIDTH = 22;

/** One line: the name, padded to `width`, and its figures in columns. */
export function row(name: string, figures: readonly Figure[], width: number): string {
  const cells = figures.map(({ value, unit }) => `${formatted(value)} ${unit}`.padEnd(FIGURE_WIDTH));
  return `${name.padEnd(width)}  ${cells.join("")}`.trimEnd();
}

/** Formats a number with three significant digits, or all digits before the point: 0.123, 1.23, 12.3, 1,234. */
export function formatted(value: number): string {
  const size = Math.abs(value);
  const fractionDigits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const options = { minimumFractionDigits: fractionDigits, maximumFractionDigits: fractionDigits };
  return value.toLocaleString("en-US", options).padStart(9);
}
