import type uPlot from "uplot";
import { onColoursChange } from "../theme/theme.ts";

/**
 * A growing curve looks no smoother if painted more often than every 30 ms, so the other frames are left to the page.
 */
const PAINT_INTERVAL_MS = 30;

/** The parts of the page's style that a chart uses. */
export interface PlotStyle {
  /** The value of a CSS variable of the page, read whenever the canvas is painted. */
  colour(name: string): () => string;
  /** Font, colours and grid of an axis. */
  axis: uPlot.Axis;
}

/** Returns the options of a chart without its size. */
export type PlotOptions = (style: PlotStyle) => Omit<uPlot.Options, "width" | "height">;

/** A quarter of a page's code, which is loaded when the first chart is shown. */
let library: Promise<typeof uPlot> | undefined;

/** A canvas with axes, as wide as its parent, in the page's font and colours. */
export class Plot {
  readonly #parent: HTMLElement;
  /** In CSS pixels, unless `--chart-height` overrides it. */
  readonly #height: number;
  readonly #options: PlotOptions;
  readonly #data: () => uPlot.AlignedData;
  readonly #listening = new AbortController();
  readonly #sizes: ResizeObserver;
  /** Undefined until the library is there. */
  #plot: uPlot | undefined;
  #frame = 0;
  #paintedAt = -Infinity;

  constructor(parent: HTMLElement, height: number, options: PlotOptions, data: () => uPlot.AlignedData) {
    this.#parent = parent;
    this.#height = height;
    this.#options = options;
    this.#data = data;
    void this.#create();
    this.#sizes = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#sizes.observe(parent);
    onColoursChange(() => this.#plot?.redraw(), this.#listening.signal);
  }

  /** Paints the current data in one of the next frames. */
  update(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#paint(now));
  }

  /** Recreates the chart after its options have changed. */
  rebuild(): void {
    void this.#create();
  }

  /** Removes the chart from the page. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#plot?.destroy();
  }

  #paint(now: number): void {
    this.#frame = 0;
    if (now - this.#paintedAt < PAINT_INTERVAL_MS) return this.update();
    this.#paintedAt = now;
    this.#plot?.setData(this.#data());
  }

  #size(): { width: number; height: number } {
    const wished = Number.parseFloat(getComputedStyle(this.#parent).getPropertyValue("--chart-height"));
    return { width: this.#parent.clientWidth, height: wished || this.#height };
  }

  async #create(): Promise<void> {
    library ??= import("uplot").then((module) => module.default);
    const Library = await library.catch(() => library = undefined);
    // The next chart, or the next change of this one, tries again.
    if (Library === undefined) return;
    if (this.#listening.signal.aborted) return;
    this.#plot?.destroy();
    const colours = getComputedStyle(this.#parent);
    const colour = (name: string) => () => colours.getPropertyValue(name);
    const axis: uPlot.Axis = {
      font: `12px ${colours.fontFamily}`,
      stroke: colour("--text-soft"),
      grid: { stroke: colour("--line-soft"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new Library({ ...this.#size(), ...this.#options({ colour, axis }) }, this.#data(), this.#parent);
  }
}

/** Distances between axis labels that are whole numbers: 1, 2, 5, 10, … */
export const WHOLE_INCREMENTS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

/** Formats the value in a legend: the value under the pointer or, without one, the latest. */
export function legendValue(format: (value: number) => string) {
  return (plot: uPlot, value: number | null, index: number): string => {
    const shown = value ?? plot.data[index].at(-1);
    return shown === undefined || shown === null ? "–" : format(shown);
  };
}
