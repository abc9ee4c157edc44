/** Makes drawings that are not digits, from strokes or by spoiling real digits. */
import { drawPage } from "../../core/mnist/drawing/drawing_testing.ts";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../core/models/spec.ts";
import { byHand, type Figure, parseFigure, type Point, type RandomSource, rounded, write } from "./pen.ts";

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

/** A letter that does not look like any digit. */
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

/** A line back and forth, as when crossing something out. */
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

/** A digit turned on its side, if that makes it look unlike any digit. */
export const lying: Maker = (random, digit) => {
  let one = digit();
  while (![2, 3, 4, 5, 7].includes(one.label)) one = digit();
  const { pixels } = one, left = random.next() < 0.5;
  return again((x, y) => left ? pixels[x * SIDE + SIDE - 1 - y] : pixels[(SIDE - 1 - x) * SIDE + y]);
};

/** Prepares a 28×28 picture as if it were a drawing. */
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

const DIGIT_STROKES = [
  "5,0 2,1 1,5 2,9 5,10 8,9 9,5 8,1 5,0",
  "6,0 3,2 1.5,6 3,9.5 5.5,10 8,7.5 8.5,3.5 7,0.8 5,0.3",
  "5,0 5,5 5,10",
  "2.5,3 5,0 5,5 5,10",
  "2.5,3 5,0 5,5 5,10|2,10 5,10 8,10",
  "1,2.5 2,0.7 5,0 8,1 8.5,3 7,5.5 4,8 1,10 5,10 9,10",
  "1,2.5 3,0.3 6.5,0.3 8,2.5 6,6 2.5,9 1,9.5 2,8 4,8.5 6,10 9,9.5",
  "1,1.5 3,0 7,0.3 8.3,2.5 6.5,4.5 4,5 7,5.3 9,7.5 7,9.8 3.5,10 1,8.5",
  "1,0.3 5,0.3 8.5,0.3 6,3 4,4.5 7,5 9,7.5 7,9.8 3.5,10 1,8.5",
  "6,0 4,3 1,7 5,7 10,7|7,3 7,7 7,10",
  "2,0 1.5,3 1.5,5.5 5,5.8 8,5.5|8,0 8,5 7.5,10",
  "7,0 7,5 7,10|7,0 3,4.5 0.5,7 5,7 9.5,7",
  "9,0 5,0 2,0 1.7,2.5 1.5,4.7 5,4 8.5,5.3 8.8,8 6,10 3,10 1,8.7",
  "2,0 1.7,2.5 1.5,4.7 5,4 8.5,5.3 8.8,8 6,10 3,10 1,8.7|2,0 5,0 9,0",
  "7,0 4,2.5 2,6 2,8.5 4.5,10 7.5,9 8,7 6,5.3 3.5,6 2,8",
  "8,1 5,0 2.5,3 1.5,7 3,9.8 6.5,9.8 8.3,7.5 6.5,5 3.5,5.3 2,7",
  "1,0.3 5,0.3 9,0.3 7,4 5,7 4,10",
  "1,0.3 5,0.3 9,0.3 7,4 5,7 4,10|3,5 5.5,5 8.5,5",
  "1,2 1.2,0.3 5,0.3 9,0.3 7,4 5,7 4,10",
  "8,1.5 5,0 2,1.3 2,3.5 5,5 8.3,6.8 8,9.3 5,10 2,9 1.7,7 5,5 8,3.3 8,1.5",
  "5,0 2.5,1.2 2.5,3.7 5,4.8 7.5,3.7 7.5,1.2 5,0|5,4.8 2,6 2,9 5,10 8,9 8,6 5,4.8",
  "8,2.5 6,0.3 3,0.8 1.8,3.3 3.5,5.2 6.5,4.7 8,2 8,5 7.5,10",
  "8,1.5 5,0 2,1.5 2,4 5,5 8,3.5 8,1.5 8.2,5 7,9 4,10 2,9",
];

/** Letters that look like a digit (B, D, G, I, J, O, Q, S, Z, b, g, i, j, l, o, q, s, y, z) are left out. */
const LETTER_STROKES = [
  "0,10 2.5,5 5,0 7.5,5 10,10|2.3,6.3 5,6.3 7.7,6.3",
  "9,1.5 6,0 2.5,1 1,5 2.5,9 6,10 9,8.5",
  "8.5,0 5,0 1.5,0 1.5,5 1.5,10 5,10 8.5,10|1.5,5 5,5 7.5,5",
  "8.5,0 5,0 1.5,0 1.5,5 1.5,10|1.5,5 5,5 7.5,5",
  "1.5,0 1.5,5 1.5,10|8.5,0 8.5,5 8.5,10|1.5,5 5,5 8.5,5",
  "1.5,0 1.5,5 1.5,10|8.5,0 5,3 1.5,6|3.5,4.5 6,7 8.7,10",
  "2,0 2,5 2,10 5,10 8,10",
  "1,10 1,5 1,0 3,3.5 5,7 7,3.5 9,0 9,5 9,10",
  "1.5,10 1.5,5 1.5,0 5,5 8.5,10 8.5,5 8.5,0",
  "2,10 2,5 2,0 6,0 8.5,1.5 8.5,3.7 6,5.3 2,5.3",
  "2,10 2,5 2,0 6,0 8.5,1.5 8.5,3.7 6,5.3 2,5.3|4.5,5.3 6.5,7.5 8.7,10",
  "1,0 5,0 9,0|5,0 5,5 5,10",
  "1.5,0 1.5,4 1.7,8 5,10 8.3,8 8.5,4 8.5,0",
  "1,0 3,5 5,10 7,5 9,0",
  "0,0 1.2,5 2.5,10 3.8,6 5,2 6.2,6 7.5,10 8.8,5 10,0",
  "1,0 5,5 9,10|9,0 5,5 1,10",
  "1,0 3,2.5 5,5 7,2.5 9,0|5,5 5,7.5 5,10",
  "2,1.5 5,0 8,1.5 8,5 8,10|8,5 4.5,4.5 1.5,6.5 2,9.3 5,10 8,8",
  "8,1.5 5,0 2,2.5 1.5,6 3,9.5 6,10 8.5,8.5",
  "8,0 8,5 8,10|8,6 6,4.2 3,4.6 1.5,7.2 3,9.8 6,9.7 8,8",
  "1.5,5 5,5 8.5,5 8,1.5 5,0 2,1.5 1.3,5 2.5,9 5.5,10 8.5,8.5",
  "8,1 6,0 4.5,1.5 4.5,5 4.5,10|2,4 5,4 7.5,4",
  "2,0 2,5 2,10|2,6.5 4,4.3 6.5,4.3 8,6 8,10",
  "2,0 2,5 2,10|7.5,4 5,6 2,7.5|3.5,6.8 5.5,8.2 8,10",
  "0.5,0 0.5,5 0.5,10|0.5,3 2,0.5 4,0.5 5,3 5,6 5,10|5,3 6.5,0.5 8.5,0.5 9.5,3 9.5,6 9.5,10",
  "1.5,0 1.5,5 1.5,10|1.5,3.5 4,0.5 7,0.5 8.5,3.5 8.5,7 8.5,10",
  "2,0 2,5 2,10|2,1.5 5,0 8,1.5 8,4.5 5,6 2,4.7",
  "2,0 2,5 2,10|2,3.5 4,1 7,0.3 9,1.5",
  "4.5,0 4.5,4 4.5,8.5 6,10 8,9|1.5,3 5,3 8,3",
  "1.5,0 1.5,5 2.5,9.3 5,10 8,7|8.5,0 8.5,5 8.5,10",
  "1,1 3,0.3 4.5,3 4,8 5.5,10 7.5,6 9,1",
];

/** Digits, with several figures for each. */
export const DIGITS: readonly Figure[] = DIGIT_STROKES.map(parseFigure);
/** Letters that cannot be mistaken for a digit. */
export const LETTERS: readonly Figure[] = LETTER_STROKES.map(parseFigure);
