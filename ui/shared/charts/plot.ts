import uPlot from "uplot";
import { onColoursChange } from "../theme/theme.ts";

/** A curve that grows looks no smoother at more than some thirty pictures a second; the page's other frames stay free. */
const PAINT_INTERVAL_MS = 30;

/** What a chart takes from the page around it, so that it looks like a part of it. */
export interface PlotStyle {
  font: string;
  /** The page's colour of that name, as it is whenever the canvas is painted. */
  colour(name: string): () => string;
  axis: uPlot.Axis;
}

/** Makes the options; its size is filled in. */
export type PlotOptions = (style: PlotStyle) => Omit<uPlot.Options, "width" | "height">;

/** A canvas with axes as wide as `parent`, in the page's font and colours, painted at most some thirty times a second. */
export class Plot {
  readonly #listening = new AbortController();
  readonly #sizes: ResizeObserver;
  #plot: uPlot;
  #frame = 0;
  #paintedAt = -Infinity;

  constructor(
    private readonly parent: HTMLElement,
    private readonly height: number,
    private readonly options: PlotOptions,
    private readonly data: () => uPlot.AlignedData,
  ) {
    this.#plot = this.#create();
    this.#sizes = new ResizeObserver(() => this.#plot.setSize({ width: parent.clientWidth, height }));
    this.#sizes.observe(parent);
    onColoursChange(() => this.#plot.redraw(), this.#listening.signal);
  }

  /** Shows what the data are by then, with one of the next frames. */
  update(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#paint(now));
  }

  /** Makes it anew, after the options have changed. */
  rebuild(): void {
    this.#plot.destroy();
    this.#plot = this.#create();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  #paint(now: number): void {
    this.#frame = 0;
    if (now - this.#paintedAt < PAINT_INTERVAL_MS) return this.update();
    this.#paintedAt = now;
    this.#plot.setData(this.data());
  }

  #create(): uPlot {
    const colours = getComputedStyle(this.parent);
    const font = `12px ${colours.fontFamily}`;
    const colour = (name: string) => () => colours.getPropertyValue(name);
    const axis: uPlot.Axis = {
      font,
      stroke: colour("--text-soft"),
      grid: { stroke: colour("--line-soft"), width: 1 },
      ticks: { show: false },
    };
    const size = { width: this.parent.clientWidth, height: this.height };
    return new uPlot({ ...size, ...this.options({ font, colour, axis }) }, this.data(), this.parent);
  }
}

/** Distances between labels that are whole numbers: 1, 2, 5, 10, … */
export const WHOLE_INCREMENTS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

/** A legend's value: under the cursor, or away from the curve the latest. */
export function legendValue(format: (value: number) => string) {
  return (plot: uPlot, value: number | null, index: number): string => {
    const shown = value ?? plot.data[index].at(-1);
    return shown === undefined || shown === null ? "–" : format(shown);
  };
}
