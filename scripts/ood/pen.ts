/** Draws figures made of strokes with an unsteady hand, and prepares them as 28×28 pixels like every drawing. */
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import type { Raster } from "../../core/mnist/drawing/raster.ts";
import { uniform } from "../../core/random.ts";

/** In a 10×10 square. */
export type Point = readonly [x: number, y: number];
/** Strokes of a pen. */
export type Figure = readonly (readonly Point[])[];

const SIDE = 56;

/** Strokes from text such as `"0,10 5,0 10,10|2,6 8,6"`. */
export function parseFigure(text: string): Figure {
  return text.split("|").map((stroke) =>
    stroke.trim().split(/\s+/).map((point) => {
      const [x, y] = point.split(",").map(Number);
      return [x, y] as const;
    })
  );
}

/** Slants, stretches and shakes a figure at random, as handwriting does. */
export function byHand(figure: Figure, random: RandomSource): Figure {
  const angle = random.between(-0.2, 0.2), lean = random.between(-0.1, 0.35), width = random.between(0.55, 1.1);
  const cos = Math.cos(angle), sin = Math.sin(angle), shake = random.between(0.1, 0.55);
  const rounds = 1 + random.below(2);
  return figure.map((stroke) => {
    const moved = stroke.map(([x, y]): Point => {
      const u = (x - 5) * width - (y - 5) * lean + random.between(-shake, shake);
      const v = y - 5 + random.between(-shake, shake);
      return [u * cos - v * sin, u * sin + v * cos];
    });
    return rounded(moved, rounds);
  });
}

/** Cuts the corners `rounds` times (G. Chaikin, 1974). The ends stay in place. */
export function rounded(stroke: readonly Point[], rounds: number): readonly Point[] {
  let points = stroke;
  for (let round = 0; round < rounds && points.length > 2; round++) {
    const cut: Point[] = [points[0]];
    for (let i = 0; i + 1 < points.length; i++) {
      const [ax, ay] = points[i], [bx, by] = points[i + 1];
      if (i > 0) cut.push([0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by]);
      if (i + 2 < points.length) cut.push([0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by]);
    }
    cut.push(points[points.length - 1]);
    points = cut;
  }
  return points;
}

/** The figure as a drawing, 784 bytes. The width of the pen is `pen` × the figure's longer side. */
export function write(figure: Figure, pen: number): Uint8Array {
  const all = figure.flat();
  const left = Math.min(...all.map(([x]) => x)), top = Math.min(...all.map(([, y]) => y));
  const size = Math.max(...all.map(([x]) => x - left), ...all.map(([, y]) => y - top), 1e-6);
  const scale = (SIDE * 0.72) / size, radius = Math.max(1, pen * SIDE * 0.36), margin = SIDE * 0.14;
  const page = new Float32Array(SIDE * SIDE);
  for (const stroke of figure) {
    const points = stroke.map(([x, y]): Point => [(x - left) * scale + margin, (y - top) * scale + margin]);
    points.forEach((point, i) => paint(page, points[Math.max(0, i - 1)], point, radius));
  }
  const data = Uint8Array.from(page, (ink) => 255 - Math.round(255 * ink));
  return prepareDrawing({ width: SIDE, height: SIDE, channels: 1, data } satisfies Raster);
}

function paint(page: Float32Array, [ax, ay]: Point, [bx, by]: Point, radius: number): void {
  const reach = radius + 0.5, dx = bx - ax, dy = by - ay, inverse = 1 / (dx * dx + dy * dy || 1);
  const x0 = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
  const x1 = Math.min(SIDE - 1, Math.ceil(Math.max(ax, bx) + reach));
  const y1 = Math.min(SIDE - 1, Math.ceil(Math.max(ay, by) + reach));
  for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) * inverse));
      const u = x - ax - along * dx, v = y - ay - along * dy, square = u * u + v * v;
      if (square >= reach * reach) continue;
      const ink = Math.min(1, reach - Math.sqrt(square)), at = y * SIDE + x;
      if (ink > page[at]) page[at] = ink;
    }
  }
}

const BLOCK = 4096;

/** Random numbers; the same seed gives the same sequence. */
export class RandomSource {
  #block: Float32Array = new Float32Array(0);
  #used = 0;
  #blocks = 0;

  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    if (this.#used === this.#block.length) {
      this.#block = uniform(this.#seed, this.#blocks++, BLOCK, 0.5);
      this.#used = 0;
    }
    return this.#block[this.#used++] + 0.5;
  }

  /** From `low` (included) to `high` (excluded). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.min(count - 1, Math.floor(this.next() * count));
  }

  /** Picks one of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
