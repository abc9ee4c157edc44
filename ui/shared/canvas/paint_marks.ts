import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import {
  CELL_SIDE,
  type Cells,
  GRID_SIDE,
  type Mark,
  PAPER_SIDE,
  type PenPoint,
  type Stroke,
  type TestDigit,
} from "./marks.ts";
import { smoothCurve } from "./smooth_curve.ts";

/** Paints marks in the colour `ink`, without paper, in a context scaled so that the paper is 280 units wide. */
export function paintMarks(context: CanvasRenderingContext2D, marks: readonly Mark[], ink: string): void {
  for (const mark of marks) {
    if (mark.kind === "stroke") paintStroke(context, mark, ink);
    else paintGrid(context, mark, ink);
  }
}

function paintStroke(context: CanvasRenderingContext2D, { width, points }: Stroke, ink: string): void {
  context.strokeStyle = context.fillStyle = ink;
  context.lineCap = context.lineJoin = "round";
  const curve = smoothCurve(points);
  if (curve.length === 1) {
    context.beginPath();
    context.arc(curve[0].x, curve[0].y, width * curve[0].force / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  // One path if the width does not change: overlapping paths would be visible at their translucent edges.
  const isEven = curve.every(({ force }) => force === curve[0].force);
  for (let from = 0; from < curve.length - 1;) {
    const to = isEven ? curve.length - 1 : from + 1;
    context.lineWidth = width * (curve[from].force + curve[to].force) / 2;
    tracePath(context, curve.slice(from, to + 1));
    from = to;
  }
}

function tracePath(context: CanvasRenderingContext2D, [first, ...others]: PenPoint[]): void {
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (const { x, y } of others) context.lineTo(x, y);
  context.stroke();
}

/** Paints through a picture with one pixel per cell, so that no seams show between cells at any scale. */
function paintGrid(context: CanvasRenderingContext2D, mark: Cells | TestDigit, ink: string): void {
  const pixels = tile ??= makeTile();
  const image = pixels.createImageData(GRID_SIDE, GRID_SIDE);
  for (let cell = 0; cell < GRID_SIDE * GRID_SIDE; cell++) image.data[cell * 4 + 3] = strengthOf(mark, cell);
  pixels.putImageData(image, 0, 0);
  pixels.fillStyle = ink;
  pixels.fillRect(0, 0, GRID_SIDE, GRID_SIDE);

  context.save();
  context.imageSmoothingEnabled = false;
  if (mark.kind === "cells" && !mark.ink) context.globalCompositeOperation = "destination-out";
  context.drawImage(pixels.canvas, 0, 0, PAPER_SIDE, PAPER_SIDE);
  context.restore();
}

let tile: CanvasRenderingContext2D | undefined;

/** A 28 × 28 canvas. Painting on it recolours only the pixels that have ink. */
function makeTile(): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID_SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.globalCompositeOperation = "source-in";
  return context;
}

/** Ink of a cell, 0 to 255. */
function strengthOf(mark: Cells | TestDigit, cell: number): number {
  return mark.kind === "test digit" ? mark.pixels[cell] : mark.cells.has(cell) ? 255 : 0;
}

/** The picture that is classified, whatever the drawing looks like on the page: black on white, 280×280. */
export class PaperPicture {
  /** Kept in main memory, so that reading it back needs no transfer from the GPU. */
  readonly #context = makeContext();

  /** The drawing as a PNG data URL. */
  toDataUrl(marks: readonly Mark[]): string {
    return this.#paint(marks).canvas.toDataURL("image/png");
  }

  /** The drawing as RGBA pixels. */
  toRaster(marks: readonly Mark[]): Raster {
    const { width, height, data } = this.#paint(marks).getImageData(0, 0, PAPER_SIDE, PAPER_SIDE);
    return { width, height, channels: 4, data };
  }

  /** Share of ink in a cell of the grid, from 0 to 1. */
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
    // The paper is painted underneath at the end, so that an erased cell shows paper.
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
