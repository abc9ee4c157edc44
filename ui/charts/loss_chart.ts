import uPlot from "uplot";
import { formatCount } from "../text/format.ts";
import type { LossSeries } from "./loss_series.ts";

const HEIGHT = 280;

/** Distances between the labels of steps: 1, 2, 5, 10, … */
const WHOLE_INCREMENTS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

/** The loss curve: every reported loss faintly, its running mean on top. Follows the width of `parent`. */
export class LossChart {
  readonly #plot: uPlot;
  readonly #colours: CSSStyleDeclaration;
  readonly #listening = new AbortController();
  readonly #sizes: ResizeObserver;
  #frame = 0;

  constructor(parent: HTMLElement, private readonly series: LossSeries) {
    this.#colours = getComputedStyle(parent);
    this.#plot = new uPlot(this.#options(parent.clientWidth), this.#data(), parent);
    this.#sizes = new ResizeObserver(() => this.#plot.setSize({ width: parent.clientWidth, height: HEIGHT }));
    this.#sizes.observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw(), {
      signal: this.#listening.signal,
    });
  }

  /** Shows what the series holds by now, with the next frame. */
  update(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#plot.setData(this.#data()));
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  #data(): uPlot.AlignedData {
    return [this.series.steps, this.series.losses, this.series.means];
  }

  #colour(name: string): () => string {
    return () => this.#colours.getPropertyValue(name);
  }

  #options(width: number): uPlot.Options {
    const font = `12px ${this.#colours.fontFamily}`;
    const axis: uPlot.Axis = {
      font,
      stroke: this.#colour("--text-soft"),
      grid: { stroke: this.#colour("--line-soft"), width: 1 },
      ticks: { show: false },
    };
    // Away from the curve, the legend tells the latest values.
    const value = (format: (value: number) => string) => (plot: uPlot, value: number | null, index: number) => {
      const shown = value ?? plot.data[index].at(-1);
      return shown === undefined || shown === null ? "–" : format(shown);
    };
    const loss = value((loss) => loss.toFixed(4));
    return {
      width,
      height: HEIGHT,
      padding: [12, 24, 0, 0],
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] } },
      axes: [
        { ...axis, size: 32, incrs: WHOLE_INCREMENTS, values: (_, ticks) => ticks.map(formatCount) },
        { ...axis, size: 44 },
      ],
      // As variables, the markers' colours follow the page's; the canvas asks anew whenever it is painted.
      legend: { markers: { width: 0, fill: (_, index) => `var(${index === 1 ? "--curve-faint" : "--curve"})` } },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      series: [
        { label: "Step", value: value(formatCount) },
        { label: "Loss", value: loss, stroke: this.#colour("--curve-faint"), width: 1, points: { show: false } },
        { label: "Running mean", value: loss, stroke: this.#colour("--curve"), width: 2, points: { show: false } },
      ],
    };
  }
}
