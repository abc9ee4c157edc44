import uPlot from "uplot";
import { onColoursChange } from "../theme/theme.ts";

const HEIGHT = 240;

/** One line of a comparison; colour and dashes go by its place, so that the same model looks the same in every chart. */
export interface CompareLine {
  label: string;
  /** From 0; the colour is `--series-1` and so on. */
  place: number;
}

/** Dashes and gaps in pixels, by place: lines differ without their colours too. */
export const DASHES: readonly (readonly number[])[] = [[], [9, 5], [2, 4], [12, 4, 2, 4], [5, 3], [16, 5]];

export interface CompareChartOptions {
  lines: readonly CompareLine[];
  /** Epochs, then one list of heights for each line. */
  data: [number[], ...(number | null)[][]];
  /** Numbers on the upright axis. */
  format: (value: number) => string;
  /** The upright axis: from 0, only as far as the lines go, or by powers, which shows small differences of small numbers. */
  scale: "from zero" | "close" | "logarithmic";
  /** Marks each point: where there are few. */
  points: boolean;
  /** Called with the epoch under the pointer, or undefined once it has left. */
  onPoint: (epoch: number | undefined) => void;
}

/** Several curves over the same epochs. Follows the width of `parent`. */
export class CompareChart {
  readonly #plot: uPlot;
  readonly #colours: CSSStyleDeclaration;
  readonly #sizes: ResizeObserver;
  readonly #listening = new AbortController();

  constructor(parent: HTMLElement, private readonly options: CompareChartOptions) {
    this.#colours = getComputedStyle(parent);
    this.#plot = new uPlot(this.#plotOptions(parent.clientWidth), drawable(options), parent);
    this.#sizes = new ResizeObserver(() => this.#plot.setSize({ width: parent.clientWidth, height: HEIGHT }));
    this.#sizes.observe(parent);
    onColoursChange(() => this.#plot.redraw(), this.#listening.signal);
  }

  dispose(): void {
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  #colour(name: string): () => string {
    return () => this.#colours.getPropertyValue(name);
  }

  #plotOptions(width: number): uPlot.Options {
    const { lines, format, scale, points, onPoint } = this.options;
    const axis: uPlot.Axis = {
      font: `12px ${this.#colours.fontFamily}`,
      stroke: this.#colour("--text-soft"),
      grid: { stroke: this.#colour("--line-soft"), width: 1 },
      ticks: { show: false },
    };
    const range: uPlot.Range.Function = (_, low, high) => {
      if (low === null || high === null) return [0, 1];
      const room = (high - low || 1) * 0.08;
      return scale === "from zero" ? [0, high * 1.05 || 1] : [low - room, high + room];
    };
    return {
      width,
      height: HEIGHT,
      padding: [12, 16, 0, 0],
      scales: {
        x: { time: false, range: (_, low, high) => points ? [low - 0.1, high + 0.1] : [0, high] },
        y: scale === "logarithmic"
          ? { distr: 3, range: (_, low, high) => low > 0 ? [low / 1.15, high * 1.15] : [0.1, 1] }
          : { range },
      },
      axes: [
        { ...axis, size: 32, incrs: points ? WHOLE : undefined },
        {
          ...axis,
          size: 56,
          values: (_, ticks: (number | null)[]) => ticks.map((tick) => tick === null ? "" : format(tick)),
        },
      ],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      hooks: {
        setCursor: [
          ({ cursor: { idx }, data }) => onPoint(idx === null || idx === undefined ? undefined : data[0][idx]),
        ],
      },
      series: [
        {},
        ...lines.map(({ label, place }): uPlot.Series => {
          const stroke = this.#colour(`--series-${place + 1}`);
          return { label, stroke, width: 2, dash: [...DASHES[place]], points: { show: points, size: 6, fill: stroke } };
        }),
      ],
    };
  }
}

/** A logarithmic axis has no place for a loss of 0. */
function drawable({ data: [epochs, ...heights], scale }: CompareChartOptions): uPlot.AlignedData {
  if (scale !== "logarithmic") return [epochs, ...heights];
  return [epochs, ...heights.map((line) => line.map((value) => value !== null && value > 0 ? value : null))];
}

/** Distances between the labels of whole epochs. */
const WHOLE = Array.from({ length: 3 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
