import type uPlot from "uplot";
import { Plot, type PlotStyle, WHOLE_INCREMENTS } from "./plot.ts";

const HEIGHT = 240;

/** One line of a comparison. */
export interface CompareLine {
  label: string;
  /**
   * The model's position in the comparison, from 0: it determines colour and dashes, so that a model looks the same
   * everywhere.
   */
  index: number;
}

/** Dashes and gaps in pixels, by a line's index, so that lines differ even without colour. */
export const DASHES: readonly (readonly number[])[] = [[], [9, 5], [2, 4], [12, 4, 2, 4], [5, 3], [16, 5]];

/** The contents of a `CompareChart`. */
export interface CompareChartOptions {
  lines: readonly CompareLine[];
  /** Epochs, then one list of values for each line. */
  data: [number[], ...(number | null)[][]];
  /** Formats the labels of the y axis. */
  format: (value: number) => string;
  /**
   * The y axis: from 0, just the range of the lines, or logarithmic, which shows small differences between small
   * numbers.
   */
  scale: "from zero" | "close" | "logarithmic";
  /** Marks each point; for lines of few points. */
  points: boolean;
  /** Called with the epoch under the pointer, or undefined once it has left. */
  onPoint: (epoch: number | undefined) => void;
}

/** A chart of several curves over the same epochs, as wide as its parent. */
export class CompareChart {
  readonly #plot: Plot;

  constructor(parent: HTMLElement, options: CompareChartOptions) {
    const data = plottable(options);
    this.#plot = new Plot(parent, HEIGHT, (style) => plotOptions(style, options), () => data);
  }

  /** Removes the chart from the page. */
  close(): void {
    this.#plot.close();
  }
}

function plotOptions(
  { axis, colour }: PlotStyle,
  { lines, format, scale, points, onPoint }: CompareChartOptions,
): Omit<uPlot.Options, "width" | "height"> {
  const range: uPlot.Range.Function = (_, low, high) => {
    if (low === null || high === null) return [0, 1];
    const room = (high - low || 1) * 0.08;
    return scale === "from zero" ? [0, high * 1.05 || 1] : [low - room, high + room];
  };
  return {
    padding: [12, 16, 0, 0],
    scales: {
      x: { time: false, range: (_, low, high) => points ? [low - 0.1, high + 0.1] : [0, high] },
      y: scale === "logarithmic"
        ? { distr: 3, range: (_, low, high) => low > 0 ? [low / 1.15, high * 1.15] : [0.1, 1] }
        : { range },
    },
    axes: [
      { ...axis, size: 32, incrs: points ? WHOLE_INCREMENTS : undefined },
      {
        ...axis,
        size: 56,
        values: (_, ticks: (number | null)[]) => ticks.map((tick) => tick === null ? "" : format(tick)),
      },
    ],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    hooks: { setCursor: [({ cursor: { idx }, data }) => onPoint(idx == null ? undefined : data[0][idx])] },
    series: [
      {},
      ...lines.map(({ label, index }): uPlot.Series => {
        const stroke = colour(`--series-${index + 1}`);
        return { label, stroke, width: 2, dash: [...DASHES[index]], points: { show: points, size: 6, fill: stroke } };
      }),
    ],
  };
}

/** A logarithmic axis cannot show a loss of 0, so it becomes a gap. */
function plottable({ data: [epochs, ...lines], scale }: CompareChartOptions): uPlot.AlignedData {
  if (scale !== "logarithmic") return [epochs, ...lines];
  return [epochs, ...lines.map((line) => line.map((value) => value !== null && value > 0 ? value : null))];
}
