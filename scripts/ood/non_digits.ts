/** Makes drawings that are no digits: some of strokes, some by spoiling real digits. */
import { drawPage } from "../../core/mnist/drawing/drawing_testing.ts";
import { prepareDrawing } from "../../core/mnist/drawing/drawing.ts";
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../core/models/spec.ts";
import { LETTERS } from "./figures.ts";
import { byHand, type Figure, type Point, rounded, write } from "./pen.ts";
import type { RandomSource } from "./random_source.ts";

const SIDE = IMAGE_SIDE;

/** Makes one drawing, 784 bytes. `digit` returns a random digit of the dataset. */
export type Maker = (random: RandomSource, digit: () => Digit) => Uint8Array;

/** A digit of the dataset. */
export interface Digit {
  /** 784 bytes, ink 255 on paper 0. */
  pixels: Uint8Array;
  label: number;
}

/** A random pen, from a hairline to a felt-tip, as a share of the figure's longer side. */
export function somePen(random: RandomSource): number {
  return random.between(0.06, 0.22);
}

/** A letter that looks like no digit. */
export const letter: Maker = (random) => write(byHand(random.pick(LETTERS), random), somePen(random));

/** A pen that wanders and turns at random. */
export const scribble: Maker = (random) => {
  const strokes = 1 + random.below(3), figure: Point[][] = [];
  for (let i = 0; i < strokes; i++) {
    let x = random.between(0, 10), y = random.between(0, 10), angle = random.between(0, 6.3), turn = 0;
    const stroke: Point[] = [[x, y]], length = (strokes === 1 ? 9 : 5) + random.below(strokes === 1 ? 22 : 12);
    const bend = random.between(0.3, 1.5);
    for (let step = 0; step < length; step++) {
      turn = 0.6 * turn + random.between(-bend, bend);
      angle += turn;
      x += random.between(1, 2.8) * Math.cos(angle);
      y += random.between(1, 2.8) * Math.sin(angle);
      if (x < 0 || x > 10 || y < 0 || y > 10) angle += Math.PI * 0.6;
      stroke.push([x, y]);
    }
    figure.push([...rounded(stroke, 2)]);
  }
  return write(figure, somePen(random));
};

/** Back and forth, as when crossing something out. */
export const zigzag: Maker = (random) => {
  const turns = 5 + random.below(9), stroke: Point[] = [];
  for (let i = 0; i <= turns; i++) {
    stroke.push([10 * i / turns + random.between(-0.5, 0.5), (i % 2 === 0 ? 0 : 10) + random.between(-1.5, 1.5)]);
  }
  const flat: Figure = [random.next() < 0.5 ? stroke : stroke.map(([x, y]) => [y, x])];
  return write(byHand([rounded(flat[0], random.below(3))], random), somePen(random));
};

/** Two to four straight lines, a horizontal one, or dots. */
export const lines: Maker = (random) => {
  const count = random.below(5), at = () => random.between(0, 10);
  if (count === 0) return write([[[0, 5], [10, 5 + random.between(-3, 3)]]], somePen(random));
  if (count === 1) {
    const dots = Array.from({ length: 2 + random.below(7) }, (): Point[] => [[at(), at()]]);
    return write(dots, somePen(random));
  }
  return write(Array.from({ length: count }, (): Point[] => [[at(), at()], [at(), at()]]), somePen(random));
};

/** Polygons, spirals, crosses and stars. */
export const shape: Maker = (random) => {
  const kind = random.below(4), corners = 3 + random.below(4), start = random.between(0, 6.3);
  const turn = (share: number, radius: number): Point => [
    5 + radius * Math.cos(start + 2 * Math.PI * share),
    5 + radius * Math.sin(start + 2 * Math.PI * share),
  ];
  const around = (count: number, step = 1) => Array.from({ length: count + 1 }, (_, i) => turn(i * step / count, 5));
  const figure: Figure[] = [
    [around(Math.min(4, corners))],
    [Array.from({ length: 40 }, (_, i) => turn(i / 13, 0.13 * i))],
    Array.from(
      { length: 2 + corners % 3 },
      (_, i, all = 2 + corners % 3) => [turn(i / all / 2, 5), turn(i / all / 2 + 0.5, 5)],
    ),
    [around(5, 2)],
  ];
  return write(byHand(figure[kind], random), somePen(random));
};

/** Random pixels: on a page, or directly in the 28×28 pixels. */
export const noise: Maker = (random) => {
  const share = random.between(0.05, 0.9), grain = 1 + random.below(8);
  if (random.next() < 0.4) {
    return Uint8Array.from({ length: IMAGE_PIXELS }, () => random.next() < share ? 255 * random.next() : 0);
  }
  const cells = Math.ceil(56 / grain), ink = Array.from({ length: cells * cells }, () => random.next() < share ? 1 : 0);
  ink[0] = 0, ink[1] = 1;
  const page = { width: 56, height: 56, ink: [0], paper: [255] };
  return prepareDrawing(drawPage(page, (x, y) => ink[Math.floor(y / grain) * cells + Math.floor(x / grain)]));
};

/** The blocks of a digit in random order. */
export const shuffled: Maker = (random, digit) => {
  const { pixels } = digit(),
    block = random.pick([7, 14, 4, 7]),
    across = SIDE / block,
    order = [...Array(across * across).keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  if (block === 14 && order[0] === 0) order.reverse();
  return again((x, y) => {
    const from = order[Math.floor(y / block) * across + Math.floor(x / block)];
    return pixels[(Math.floor(from / across) * block + y % block) * SIDE + (from % across) * block + x % block];
  });
};

/** The upper, lower, left or right half of a digit other than 1: half of a 1 is still a 1. */
export const half: Maker = (random, digit) => {
  let one = digit();
  while (one.label === 1) one = digit();
  const side = random.below(4);
  const kept = (x: number, y: number) => [y < 14, y >= 14, x < 14, x >= 14][side];
  const { pixels } = one;
  return again((x, y) => kept(x, y) ? pixels[y * SIDE + x] : 0);
};

/** Two digits on top of each other. */
export const overlaid: Maker = (random, digit) => {
  const a = digit(), b = digit(), dx = random.below(9) - 4, dy = random.below(5) - 2;
  return again((x, y) => {
    const inside = x + dx >= 0 && x + dx < SIDE && y + dy >= 0 && y + dy < SIDE;
    return Math.max(a.pixels[y * SIDE + x], inside ? b.pixels[(y + dy) * SIDE + x + dx] : 0);
  });
};

/** A digit turned on its side, of those that are then no digit. */
export const lying: Maker = (random, digit) => {
  let one = digit();
  while (![2, 3, 4, 5, 7].includes(one.label)) one = digit();
  const { pixels } = one, left = random.next() < 0.5;
  return again((x, y) => left ? pixels[x * SIDE + SIDE - 1 - y] : pixels[(SIDE - 1 - x) * SIDE + y]);
};

/** Prepares a picture of 28×28 like a drawing. */
function again(at: (x: number, y: number) => number): Uint8Array {
  const data = new Uint8Array((SIDE + 2) ** 2).fill(255);
  let any = false;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const ink = at(x, y);
      any ||= ink > 40;
      data[(y + 1) * (SIDE + 2) + x + 1] = 255 - ink;
    }
  }
  if (!any) return new Uint8Array(IMAGE_PIXELS).fill(255, 100, 110);
  return prepareDrawing({ width: SIDE + 2, height: SIDE + 2, channels: 1, data });
}
