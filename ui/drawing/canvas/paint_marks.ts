import { type Cells, GRID_SIDE, type Mark, PAPER_SIDE, type PenPoint, type Sample, type Stroke } from "./marks.ts";
import { smoothCurve } from "./smooth_curve.ts";

/** Paints marks of one ink on nothing, in a context whose scale makes the paper 280 units wide. */
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
  // One path where the width does not change: pieces of their own would show where they overlap.
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

/** Through a picture of one pixel per cell, so that no seams show between cells at any scale. */
function paintGrid(context: CanvasRenderingContext2D, mark: Cells | Sample, ink: string): void {
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

/** Painting there changes the colour of what is there, and leaves alone what is not. */
function makeTile(): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID_SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.globalCompositeOperation = "source-in";
  return context;
}

function strengthOf(mark: Cells | Sample, cell: number): number {
  return mark.kind === "sample" ? mark.pixels[cell] : mark.cells.has(cell) ? 255 : 0;
}
