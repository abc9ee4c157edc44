import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { CELL_SIDE, type Mark, PAPER_SIDE } from "./marks.ts";
import { paintMarks } from "./paint_marks.ts";

/** What is classified, whatever the page shows it like: black on white, 280×280. */
export class PaperPicture {
  /** In the processor's memory, where reading it back takes no trip to the GPU. */
  readonly #context = makeContext();

  toDataUrl(marks: readonly Mark[]): string {
    return this.#paint(marks).canvas.toDataURL("image/png");
  }

  toRaster(marks: readonly Mark[]): Raster {
    const { width, height, data } = this.#paint(marks).getImageData(0, 0, PAPER_SIDE, PAPER_SIDE);
    return { width, height, channels: 4, data };
  }

  /** How much of a cell of the grid is inked, from 0 to 1. */
  inkOf(marks: readonly Mark[], row: number, column: number): number {
    const { data } = this.#paint(marks).getImageData(column * CELL_SIDE, row * CELL_SIDE, CELL_SIDE, CELL_SIDE);
    let light = 0;
    for (let red = 0; red < data.length; red += 4) light += data[red];
    return 1 - light / (255 * CELL_SIDE * CELL_SIDE);
  }

  #paint(marks: readonly Mark[]): CanvasRenderingContext2D {
    const context = this.#context;
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, PAPER_SIDE, PAPER_SIDE);
    paintMarks(context, marks, "#000");
    // The paper comes last, underneath, so that wiping a cell leaves paper there.
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PAPER_SIDE, PAPER_SIDE);
    return context;
  }
}

function makeContext(): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PAPER_SIDE;
  return canvas.getContext("2d", { willReadFrequently: true })!;
}
