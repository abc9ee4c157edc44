import type uPlot from "uplot";
import { formatPercent } from "../text/format.ts";
import { legendValue, Plot, type PlotStyle, WHOLE_INCREMENTS } from "./plot.ts";

const HEIGHT = 150;

/** The measurements at the end of an epoch. */
export interface EpochPoint {
  /** From 1. */
  epoch: number;
  /** Per cent of the test digits. */
  accuracy: number;
  /** Mean of the epoch's losses; null for NaN, undefined if unknown. */
  meanLoss?: number | null;
}

/** The test accuracy after each epoch, as points joined by a line. */
export class AccuracyChart {
  readonly #plot: Plot;
  #points: readonly EpochPoint[] = [];
  #epochs = 1;

  constructor(parent: HTMLElement) {
    const data = (): uPlot.AlignedData => [
      this.#points.map(({ epoch }) => epoch),
      this.#points.map(({ accuracy }) => accuracy),
    ];
    this.#plot = new Plot(parent, HEIGHT, (style) => plotOptions(style, () => this.#epochs), data);
  }

  /** Shows `points` of a training run with `epochs` epochs, in one of the next frames. */
  update(points: readonly EpochPoint[], epochs: number): void {
    this.#points = points;
    this.#epochs = epochs;
    this.#plot.update();
  }

  /** Removes the chart from the page. */
  close(): void {
    this.#plot.close();
  }
}

function plotOptions({ axis, colour }: PlotStyle, epochs: () => number): Omit<uPlot.Options, "width" | "height"> {
  return {
    padding: [12, 24, 0, 0],
    scales: {
      // Room on both sides, so that the first and the last point are not cut off.
      x: { time: false, range: () => [0.5, epochs() + 0.5] },
      y: { range: (_, min) => accuracyRange(min) },
    },
    axes: [
      { ...axis, size: 32, incrs: WHOLE_INCREMENTS },
      { ...axis, size: 52, space: 30, values: (_, ticks) => ticks.map((tick) => `${Number(tick.toFixed(2))} %`) },
    ],
    legend: { markers: { width: 0, fill: () => "var(--good)" } },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    series: [
      { label: "Epoch", value: legendValue(String) },
      {
        label: "Test accuracy",
        value: legendValue(formatPercent),
        stroke: colour("--good"),
        width: 2,
        points: { show: true, size: 7, width: 0, fill: colour("--good"), stroke: colour("--good") },
      },
    ],
  };
}

/**
 * The axis runs from a round number below the lowest accuracy to 100 %, so that small gains near the top are visible.
 */
function accuracyRange(min: number | null): [number, number] {
  const least = min ?? 90;
  const step = least >= 95 ? 1 : least >= 90 ? 2 : 10;
  return [Math.max(0, Math.floor((least - 0.2) / step) * step), 100];
}
