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

/** Points closer together than this, in units of the paper, count as one, because a hand's tremor has no direction. */
const NEAREST = 0.75;
/** Longest straight segment of a curve, in units of the paper: too short to be visible. */
const SEGMENT = 2.5;

/**
 * A smooth curve through all of `points`, as short straight segments: a centripetal Catmull-Rom spline. It rounds the
 * gaps that a fast hand leaves and makes no loops at sharp corners (Yuksel, Schaefer and Keyser, "On the
 * Parameterization of Catmull-Rom Curves").
 */
export function smoothCurve(points: readonly PenPoint[]): PenPoint[] {
  const knots = apart(points);
  if (knots.length < 3) return knots;
  const curve = [knots[0]];
  for (let i = 0; i < knots.length - 1; i++) {
    const from = knots[i];
    const to = knots[i + 1];
    bend(
      curve,
      knots[i - 1] ?? mirror(knots[i + 2], from, to),
      from,
      to,
      knots[i + 2] ?? mirror(knots[i - 1], from, to),
    );
  }
  return curve;
}

/** Adds the part from `b` to `c` of a curve that comes from `a` and continues to `d`. */
function bend(curve: PenPoint[], a: PenPoint, b: PenPoint, c: PenPoint, d: PenPoint): void {
  const length = distance(b, c);
  const ab = Math.sqrt(distance(a, b));
  const bc = Math.sqrt(length);
  const cd = Math.sqrt(distance(c, d));
  const segments = Math.ceil(length / SEGMENT);
  // Slopes of the spline at b and c, for the parameter that runs from 0 at b to 1 at c.
  const slopes = (axis: "x" | "y") => [
    c[axis] - b[axis] + bc * ((b[axis] - a[axis]) / ab - (c[axis] - a[axis]) / (ab + bc)),
    c[axis] - b[axis] + bc * ((d[axis] - c[axis]) / cd - (d[axis] - b[axis]) / (bc + cd)),
  ];
  const [leaveX, reachX] = slopes("x");
  const [leaveY, reachY] = slopes("y");
  for (let segment = 1; segment <= segments; segment++) {
    const t = segment / segments;
    curve.push({
      x: hermite(t, b.x, leaveX, c.x, reachX),
      y: hermite(t, b.y, leaveY, c.y, reachY),
      force: b.force + t * (c.force - b.force),
    });
  }
}

/** Cubic Hermite interpolation between two values with the slopes `leave` and `reach`. */
function hermite(t: number, from: number, leave: number, to: number, reach: number): number {
  const square = t * t;
  const cube = square * t;
  return (2 * cube - 3 * square + 1) * from + (cube - 2 * square + t) * leave + (3 * square - 2 * cube) * to +
    (cube - square) * reach;
}

/** Leaves out points too close to the previous one, but keeps the last, where the pen is. */
function apart(points: readonly PenPoint[]): PenPoint[] {
  const kept: PenPoint[] = [];
  points.forEach((point, i) => {
    const before = kept.at(-1);
    if (before === undefined || distance(before, point) >= NEAREST) kept.push(point);
    else if (i === points.length - 1 && kept.length > 1) kept[kept.length - 1] = point;
  });
  return kept;
}

/**
 * Mirrors `point` at the perpendicular bisector of `from` and `to`, so that a curve keeps bending in the same way at
 * its end.
 */
function mirror(point: PenPoint, from: PenPoint, to: PenPoint): PenPoint {
  const way = { x: to.x - from.x, y: to.y - from.y };
  const along = (2 * point.x - from.x - to.x) * way.x + (2 * point.y - from.y - to.y) * way.y;
  const share = along / (way.x * way.x + way.y * way.y);
  return { x: point.x - share * way.x, y: point.y - share * way.y, force: point.force };
}

function distance(a: PenPoint, b: PenPoint): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
