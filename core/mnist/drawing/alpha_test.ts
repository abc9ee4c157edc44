/** Tests that pictures with transparent parts are read as they look, whether colour or alpha carries the drawing. */
import assert from "node:assert/strict";
import { mnist } from "../../testing/mnist.ts";
import { IMAGE_PIXELS } from "../../models/spec.ts";
import { BlankDrawingError, prepareDrawing } from "./prepare_drawing.ts";
import { BLACK_ON_WHITE, drawDigit, drawPage, type Page } from "./drawing_testing.ts";
import type { Raster } from "./raster.ts";

const SIDE = 112;
const PAGE: Page = { width: SIDE, height: SIDE, ...BLACK_ON_WHITE };
const digits = Array.from(
  { length: 30 },
  (_, i) => mnist().test.images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS),
);

type Rgba = readonly [number, number, number, number];

/** A digit in the middle of `page`, with room for a margin. */
const draw = (digit: Uint8Array, page: Page = PAGE) => drawDigit(digit, page, 70, 20, 24);

/** `picture` with other pixels; undefined keeps one. */
function repaint(picture: Raster, colourAt: (x: number, y: number, old: Rgba) => Rgba | undefined): Raster {
  const data = Uint8Array.from(picture.data);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const at = (y * picture.width + x) * 4;
      const colour = colourAt(x, y, [...data.subarray(at, at + 4)] as unknown as Rgba);
      if (colour !== undefined) data.set(colour, at);
    }
  }
  return { ...picture, data };
}

/** Mean over digits of the mean absolute difference of a pixel from the digit drawn in black on white, of 255. */
function difference(change: (digit: Uint8Array) => Raster): number {
  let sum = 0;
  for (const digit of digits) {
    const expected = prepareDrawing(draw(digit));
    prepareDrawing(change(digit)).forEach((pixel, i) => sum += Math.abs(pixel - expected[i]));
  }
  return sum / (digits.length * IMAGE_PIXELS);
}

const isMargin = (x: number, y: number) => x < 10 || y < 10 || x >= SIDE - 10 || y >= SIDE - 10;
const isOutsideCircle = (x: number, y: number) => Math.hypot(x - SIDE / 2, y - SIDE / 2) > SIDE / 2 - 1;
const CLEAR: Rgba = [0, 0, 0, 0];
/** A digit's coverage as the alpha of a pixel in one colour, as a canvas keeps it. */
const asAlpha = (digit: Uint8Array, colourAt: (x: number, y: number) => readonly number[], most = 255) =>
  repaint(draw(digit), (x, y, [tone]) => {
    const [red, green, blue] = colourAt(x, y);
    return [red, green, blue, Math.round((255 - tone) * most / 255)];
  });

const READ: Record<string, (digit: Uint8Array) => Raster> = {
  "one pixel of alpha 254": (digit) =>
    repaint(draw(digit), (x, y, [r, g, b]) => x === 3 && y === 5 ? [r, g, b, 254] : undefined),
  "one transparent pixel in the first corner": (digit) =>
    repaint(draw(digit), (x, y) => x + y === 0 ? CLEAR : undefined),
  "an erased spot": (digit) => repaint(draw(digit), (x, y) => Math.hypot(x - 12, y - 90) < 9 ? CLEAR : undefined),
  "a soft erased spot": (digit) =>
    repaint(draw(digit), (x, y, [r, g, b]) => {
      const distance = Math.hypot(x - 12, y - 90);
      return distance < 12 ? [r, g, b, Math.min(255, Math.round(distance * 25))] : undefined;
    }),
  "a transparent margin": (digit) => repaint(draw(digit), (x, y) => isMargin(x, y) ? CLEAR : undefined),
  "a transparent margin around white on black": (digit) =>
    repaint(
      draw(digit, { ...PAGE, ink: PAGE.paper, paper: PAGE.ink }),
      (x, y) => isMargin(x, y) ? [255, 255, 255, 0] : undefined,
    ),
  "a transparent margin around faint grey": (digit) =>
    repaint(
      draw(digit, { ...PAGE, ink: [190, 190, 190, 255], paper: [230, 230, 230, 255] }),
      (x, y) => isMargin(x, y) ? CLEAR : undefined,
    ),
  "a round page": (digit) => repaint(draw(digit), (x, y) => isOutsideCircle(x, y) ? CLEAR : undefined),
  "grainy paper with one pixel of alpha 254": (digit) => {
    let state = 1;
    const grain = () => (state = state * 48271 % 2147483647) % 7;
    return repaint(draw(digit), (x, y, [tone]) => {
      const grey = Math.max(0, tone - grain());
      return [grey, grey, grey, x === 50 && y === 3 ? 254 : 255];
    });
  },
  "uneven alpha all over the page": (digit) =>
    repaint(draw(digit), (x, y, [r, g, b]) => [r, g, b, 225 + (7 * x + 13 * y) % 30]),
  "uneven alpha within a transparent margin": (digit) =>
    repaint(draw(digit), (x, y, [r, g, b]) => isMargin(x, y) ? CLEAR : [r, g, b, 225 + (7 * x + 13 * y) % 30]),
  "a page that fades towards its edges": (digit) =>
    repaint(draw(digit), (x, y, [r, g, b]) => {
      const fade = Math.hypot(x - SIDE / 2, y - SIDE / 2) / SIDE;
      return [r, g, b, Math.round(255 * (1 - fade * fade))];
    }),
  "white on transparent black": (digit) => asAlpha(digit, () => [255, 255, 255]),
  "red on transparent": (digit) => asAlpha(digit, () => [200, 30, 30]),
  "two colours on transparent": (digit) => asAlpha(digit, (_, y) => y < 60 ? [200, 30, 30] : [30, 30, 200]),
  "a rainbow on transparent": (digit) => asAlpha(digit, (x, y) => [2 * x, 255 - 2 * y, 2 * y]),
  "strokes half transparent": (digit) => asAlpha(digit, () => [0, 0, 0], 128),
  "colours mixed with transparent black along the strokes": (digit) =>
    draw(digit, { ...PAGE, ink: [0, 0, 200, 255], paper: CLEAR }),
  "one bright pixel in a black stroke on transparent": (digit) => {
    let isDone = false;
    return repaint(asAlpha(digit, () => [0, 0, 0]), (_x, _y, [, , , alpha]) => {
      if (isDone || alpha < 250) return undefined;
      isDone = true;
      return [255, 255, 0, 255];
    });
  },
  "a digit erased from a page of one tone": (digit) => repaint(draw(digit), (_x, _y, [tone]) => [70, 120, 40, tone]),
};

for (const [name, change] of Object.entries(READ)) {
  Deno.test(`read as it looks: ${name}`, () => {
    const off = difference(change);
    assert.ok(off < 1.5, `differs by ${off}`);
  });
}

Deno.test("read as it looks: grey with alpha that varies", () => {
  const grey = (colourAt: (ink: number, x: number, y: number) => [number, number]) => (digit: Uint8Array): Raster => {
    const { data } = draw(digit);
    const pixels = Uint8Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
      const pixel = i >> 1;
      return colourAt(data[4 * pixel], pixel % SIDE, Math.floor(pixel / SIDE))[i & 1];
    });
    return { width: SIDE, height: SIDE, channels: 2, data: pixels };
  };
  assert.ok(difference(grey((tone, x, y) => [tone, isMargin(x, y) ? 0 : 255])) < 1.5);
  assert.ok(difference(grey((tone) => [90, 255 - tone])) < 1.5);
});

Deno.test("a page of one tone is blank, even if one pixel is slightly less opaque", () => {
  const page = drawPage(PAGE, () => 0);
  const pricked = repaint(page, (x, y, [r, g, b]) => x === 30 && y === 30 ? [r, g, b, 254] : undefined);
  assert.throws(() => prepareDrawing(pricked), BlankDrawingError);
});
