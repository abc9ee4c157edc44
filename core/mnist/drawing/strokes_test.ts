/** Tests that specks far from a digit neither shrink nor move it, and that parts of a digit stay with it. */
import assert from "node:assert/strict";
import { mnist } from "../../testing/mnist.ts";
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../models/spec.ts";
import { prepareDrawing } from "./prepare_drawing.ts";
import { CANVAS, drawDigit, drawPage, type Page } from "./drawing_testing.ts";
import type { Raster } from "./raster.ts";
import { boxOfStrokes } from "./strokes.ts";

const digitAt = (index: number) => mnist().test.images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
const digits = Array.from({ length: 30 }, (_, i) => digitAt(i));
const LARGE: Page = { ...CANVAS, width: 420, height: 420 };

type Spot = (x: number, y: number) => boolean;
const square = (left: number, top: number, side: number): Spot => (x, y) =>
  x >= left && y >= top && x < left + side && y < top + side;
const disc = (centreX: number, centreY: number, radius: number): Spot => (x, y) =>
  Math.hypot(x - centreX, y - centreY) < radius;

/** `picture`, which is RGBA, with black wherever `isInk`. */
function blacken(picture: Raster, isInk: Spot): Raster {
  const data = Uint8Array.from(picture.data);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      if (isInk(x, y)) data.set([0, 0, 0, 255], 4 * (y * picture.width + x));
    }
  }
  return { ...picture, data };
}

let state = 5;
const random = (below: number) => (state = state * 48271 % 2147483647) % below;
/** Specks of 1 to 4 pixels in a ring around the middle of a page. */
const dust = Array.from({ length: 25 }, () => {
  const angle = random(628) / 100, distance = 190 + random(15);
  return square(
    Math.round(210 + distance * Math.cos(angle)),
    Math.round(210 + distance * Math.sin(angle)),
    1 + random(4),
  );
});

const SPECKS: Record<string, [page: Page, size: number, isInk: Spot]> = {
  "a speck of 6×6 in a corner of 420×420": [LARGE, 280, square(5, 8, 6)],
  "a speck of 6×6 above the digit": [LARGE, 280, square(205, 3, 6)],
  "specks in all four corners": [
    LARGE,
    260,
    (x, y) => square(4, 4, 6)(Math.min(x, 419 - x), Math.min(y, 419 - y)),
  ],
  "a stray tap on the pad": [CANVAS, 140, disc(20, 20, 8)],
  "two stray taps on the pad, one of them near the other": [
    CANVAS,
    140,
    (x, y) => disc(262, 22, 8)(x, y) || disc(240, 30, 8)(x, y),
  ],
  "a hair along an edge": [LARGE, 220, (x, y) => y > 30 && y < 330 && x === 6 + Math.round(3 * Math.sin(y / 40))],
  "dust all around": [LARGE, 260, (x, y) => dust.some((isInk) => isInk(x, y))],
};

for (const [name, [page, size, isInk]] of Object.entries(SPECKS)) {
  Deno.test(`a digit is prepared as if the ink beside it were not there: ${name}`, () => {
    let alike = 0;
    for (const digit of digits) {
      const left = Math.round((page.width - size) / 2), clean = drawDigit(digit, page, size, left, left);
      const expected = prepareDrawing(clean), pixels = prepareDrawing(blacken(clean, isInk));
      if (expected.every((ink, i) => ink === pixels[i])) alike++;
    }
    assert.equal(alike, digits.length);
  });
}

Deno.test("a small digit in one corner is read despite a tap in another", () => {
  for (const digit of digits.slice(0, 10)) {
    const clean = drawDigit(digit, CANVAS, 90, 185, 185);
    assert.deepEqual(prepareDrawing(blacken(clean, disc(15, 15, 5))), prepareDrawing(clean));
  }
});

/** The box of the strokes in a plane that is ink where `isInk`. */
function strokesOf(width: number, height: number, isInk: Spot) {
  const plane = Uint8Array.from(
    { length: width * height },
    (_, i) => isInk(i % width, Math.floor(i / width)) ? 255 : 0,
  );
  const { left, top, right, bottom } = boxOfStrokes(
    plane,
    width,
    { left: 0, top: 0, right: width, bottom: height },
    51,
  );
  return [left, top, right, bottom];
}

Deno.test("pieces of a broken stroke, dots of a dotted one and digits side by side stay together", () => {
  // The bar of a 5 beside its belly.
  const five: Spot = (x, y) =>
    (y > 30 && y < 40 && x > 60 && x < 100) || (Math.abs(Math.hypot(x - 50, y - 100) - 40) < 5);
  assert.deepEqual(strokesOf(150, 150, five), [6, 31, 100, 145]);
  const dotted: Spot = (x, y) => x > 20 && x < 26 && y % 15 < 5;
  assert.deepEqual(strokesOf(60, 150, dotted), [21, 0, 26, 140]);
  // Dots that get smaller and smaller, each near the one before.
  const shrinking: Spot = (x, y) => y < 100 && x > 10 && x < 20 || disc(40, 90, 4)(x, y) || disc(55, 90, 3)(x, y);
  assert.equal(strokesOf(150, 110, shrinking)[2], 58);
  const pair: Spot = (x, y) => (x > 10 && x < 16 && y > 10 && y < 90) || (x > 120 && x < 126 && y > 30 && y < 90);
  assert.deepEqual(strokesOf(200, 100, pair), [11, 11, 126, 90]);
});

Deno.test("diagonal neighbours are connected, however many branches a stroke has", () => {
  const comb: Spot = (x, y) => (y < 50 && x % 4 === 0) || (y >= 50 && y < 52) || (y >= 52 && x + y === 60);
  assert.deepEqual(strokesOf(101, 140, (x, y) => comb(x, y) || (x === 100 && y > 134)), [0, 0, 101, 61]);
});

Deno.test("hardly any of MNIST's own digits loses a part, and none loses a large one", () => {
  let changed = 0;
  for (let i = 0; i < 2000; i++) {
    const digit = digitAt(i);
    const box = { left: 0, top: 0, right: IMAGE_SIDE, bottom: IMAGE_SIDE };
    const strokes = boxOfStrokes(digit, IMAGE_SIDE, box, 51);
    let lost = 0, mass = 0;
    digit.forEach((ink, at) => {
      const x = at % IMAGE_SIDE, y = Math.floor(at / IMAGE_SIDE);
      mass += ink;
      if (ink > 51 && !(x >= strokes.left && x < strokes.right && y >= strokes.top && y < strokes.bottom)) lost += ink;
    });
    if (lost > 0) changed++;
    assert.ok(lost < 0.1 * mass, `digit ${i} loses ${lost} of ${mass}`);
  }
  assert.ok(changed <= 10, `${changed} digits change`);
});

Deno.test("a picture of only specks, however many, is processed at once", () => {
  const page: Page = { width: 2048, height: 2048, ink: [0], paper: [255] };
  const texture = drawPage(page, (x, y) => Number((x % 3 === 0 && y % 3 === 0 && x < 1500) || x === 2040));
  const began = performance.now();
  assert.equal(prepareDrawing(texture).length, IMAGE_PIXELS);
  assert.ok(performance.now() - began < 2000);
});

Deno.test("however many specks there are, at most a thousand are compared with each other", () => {
  const side = 700;
  const pictures: [isInk: Spot, expected: number[]][] = [
    // 30,625 equal specks.
    [(x, y) => x % 4 === 0 && y % 4 === 0, [0, 0, 700, 700]],
    // 961 specks far from a blot.
    [(x, y) => x % 23 === 0 && y % 23 === 0 || square(10, 10, 8)(x, y), [10, 10, 18, 18]],
    // A bar, and 980 specks of which each row is near the row before.
    [(x, y) => y === 0 || x % 25 === 0 && y % 20 === 0, [0, 0, 700, 681]],
  ];
  const { max } = Math, { includes } = Array.prototype;
  let compared = 0;
  Math.max = (...values: number[]) => (compared++, max(...values));
  Array.prototype.includes = function (...args) {
    compared += this.length;
    return includes.apply(this, args);
  };
  try {
    for (const [isInk, expected] of pictures) assert.deepEqual(strokesOf(side, side, isInk), expected);
  } finally {
    Math.max = max;
    Array.prototype.includes = includes;
  }
  assert.ok(compared < 2_000_000, `${compared} comparisons`);
});
