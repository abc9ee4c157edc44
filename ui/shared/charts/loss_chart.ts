import type uPlot from "uplot";
import { formatCount } from "../text/format.ts";
import { type LossSeries, runningMean } from "./loss_series.ts";
import { legendValue, Plot, type PlotStyle, WHOLE_INCREMENTS } from "./plot.ts";

const HEIGHT = 280;

/** How a `LossChart` is drawn. */
export interface LossChartOptions {
  /** Whether the loss axis is logarithmic. */
  logScale: boolean;
  /** How far the running mean looks back, as a share of the run: 0 to 1. */
  smoothing: number;
}

/** The loss curve: every loss in a faint colour, their running mean on top. */
export class LossChart {
  readonly #plot: Plot;
  #shown: LossChartOptions;

  constructor(parent: HTMLElement, series: LossSeries, options: LossChartOptions) {
    this.#shown = options;
    this.#plot = new Plot(
      parent,
      HEIGHT,
      (style) => plotOptions(style, this.#shown.logScale),
      () => [series.steps, series.losses, runningMean(series.losses, this.#shown.smoothing)],
    );
  }

  /** Shows the current losses, in one of the next frames. */
  update(options: LossChartOptions): void {
    const wasLog = this.#shown.logScale;
    this.#shown = options;
    // uPlot cannot change the kind of a scale.
    if (options.logScale !== wasLog) this.#plot.rebuild();
    else this.#plot.update();
  }

  /** Removes the chart from the page. */
  close(): void {
    this.#plot.close();
  }
}

function plotOptions({ axis, colour }: PlotStyle, logScale: boolean): Omit<uPlot.Options, "width" | "height"> {
  const loss = legendValue((loss) => loss.toFixed(4));
  return {
    padding: [12, 24, 0, 0],
    scales: {
      x: { time: false },
      y: logScale ? { distr: 3, range: (_, min, max) => logRange(min, max) } : { range: (_, __, max) => [0, top(max)] },
    },
    axes: [
      { ...axis, size: 32, incrs: WHOLE_INCREMENTS, values: (_, ticks) => ticks.map(formatCount) },
      {
        ...axis,
        size: 52,
        ...logScale && { values: (_: uPlot, ticks: number[]) => ticks.map(formatLogTick) },
      },
    ],
    // The markers are HTML, so they follow the page's colours through CSS variables; the canvas reads the colours
    // whenever it is painted.
    legend: { markers: { width: 0, fill: (_, index) => `var(${index === 1 ? "--curve-faint" : "--curve"})` } },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    series: [
      { label: "Step", value: legendValue(formatCount) },
      { label: "Loss", value: loss, stroke: colour("--curve-faint"), width: 1, points: { show: false } },
      { label: "Running mean", value: loss, stroke: colour("--curve"), width: 2, points: { show: false } },
    ],
  };
}

function top(max: number): number {
  return max > 0 ? max * 1.05 : 1;
}

/**
 * The axis runs from the 1, 2 or 5 below the smallest loss to a little above the largest. A logarithmic scale cannot
 * show a loss of 0.
 */
function logRange(min: number, max: number): [number, number] {
  const least = Math.max(min > 0 ? min : 1e-4, 1e-7);
  const power = 10 ** Math.floor(Math.log10(least));
  const bottom = power * (least / power >= 5 ? 5 : least / power >= 2 ? 2 : 1);
  return [bottom, Math.max(top(max), bottom * 10)];
}

/** Labels only 1, 2 and 5 of each power of ten: all nine would not fit. */
function formatLogTick(tick: number): string {
  const digit = Math.round(tick / 10 ** Math.floor(Math.log10(tick) + 1e-9));
  return digit === 1 || digit === 2 || digit === 5 ? String(Number(tick.toPrecision(1))) : "";
}
