/** Tests that a digit on any canvas, at any size and position, is recognised as well as in the dataset. */
import assert from "node:assert/strict";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { CANVAS, type Page } from "../../core/mnist/drawing/drawing_testing.ts";
import { averageAreas, type Raster } from "../../core/mnist/drawing/raster.ts";
import { IMAGE_SIDE } from "../../core/models/spec.ts";
import { openPredictor, type Predictor } from "../../core/training/predictor.ts";
import { mnist } from "../../core/testing/mnist.ts";
import {
  drawAtPlaces,
  drawSomewhere,
  KINDS,
  sizesOn,
  SMALL,
  SPEC,
  testDigit,
  trainedWeights,
} from "./drawings_testing.ts";

const isLong = Deno.env.get("LAB_LONG") === "1";
/** Percentage points of accuracy that drawing may cost, compared with the same digits in the dataset. */
const MAX_LOSS = 0.5;
/** Digits drawn at every size and position. */
const EVERYWHERE = isLong ? 200 : 50;
/** Digits drawn at one size and position each. */
const SOMEWHERE = isLong ? 600 : 200;
/**
 * Digits drawn small. At small sizes smoothing helps some digits and harms others, so many are needed to even that out.
 */
const SMALL_DIGITS = isLong ? 1500 : 500;
const PLACES = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** How many of the pictures (784 bytes each) of the first `count` digits the model recognises. */
async function countCorrect(
  predictor: Predictor,
  count: number,
  picturesOf: (digit: Uint8Array, index: number) => Uint8Array[],
): Promise<number> {
  let correct = 0;
  for (let i = 0; i < count; i++) {
    for (const pixels of picturesOf(testDigit(i), i)) {
      const probabilities = await predictor.predict(pixels);
      if (probabilities.indexOf(Math.max(...probabilities)) === mnist().test.labels[i]) correct++;
    }
  }
  return correct;
}

async function withPredictor(body: (predictor: Predictor) => Promise<void>) {
  const predictor = await openPredictor(SPEC, await trainedWeights());
  try {
    await body(predictor);
  } finally {
    predictor.close();
  }
}

/** Prints an accuracy and fails if it is too far below `original`; both in per cent. */
function judge(name: string, accuracy: number, original: number) {
  console.log(`${name}: ${accuracy.toFixed(2)} %, the digits themselves ${original.toFixed(2)} %`);
  assert.ok(accuracy >= original - MAX_LOSS, `${name}: ${accuracy} %, ${original} % of the digits themselves`);
}

/** Only shrinks and inverts the whole black-on-white canvas, for comparison. */
function shrinkAndInvert({ width, height, channels, data }: Raster): Uint8Array {
  const ink = Uint8Array.from({ length: width * height }, (_, pixel) => 255 - data[pixel * channels]);
  const page = { left: 0, top: 0, right: width, bottom: height };
  return Uint8Array.from(averageAreas(ink, width, page, IMAGE_SIDE, IMAGE_SIDE), Math.round);
}

/** Checks the first `count` digits at every size on `page`, at each of `places`. */
async function judgeSizes(predictor: Predictor, page: Page, count: number, places: readonly number[]) {
  const original = await countCorrect(predictor, count, (digit) => [digit]);
  const sizes = sizesOn(page);
  const everywhere = (digit: Uint8Array) =>
    sizes.flatMap((size) => drawAtPlaces(digit, page, size, places).map(prepareDrawing));
  const correct = await countCorrect(predictor, count, everywhere);
  const drawings = count * sizes.length * places.length;
  judge(`${page.width}×${page.height}, ${drawings} drawings`, 100 * correct / drawings, 100 * original / count);
}

Deno.test("a digit on a third, two thirds and all of the canvas, at nine positions, is recognised as in the dataset", async () => {
  await withPredictor(async (predictor) => {
    await judgeSizes(predictor, CANVAS, EVERYWHERE, PLACES);
    const shrunk = await countCorrect(
      predictor,
      EVERYWHERE,
      (digit, i) => [shrinkAndInvert(drawSomewhere(digit, CANVAS, i))],
    );
    console.log(`shrinking and inverting alone: ${(100 * shrunk / EVERYWHERE).toFixed(2)} %`);
  });
});

Deno.test("a digit on a small canvas is recognised as in the dataset", async () => {
  await withPredictor((predictor) => judgeSizes(predictor, SMALL.page, SMALL_DIGITS, [0]));
});

Deno.test("a digit in any ink on any paper is recognised as in the dataset", async () => {
  await withPredictor(async (predictor) => {
    const original = await countCorrect(predictor, SOMEWHERE, (digit) => [digit]);
    for (const { name, page } of KINDS) {
      const prepare = (digit: Uint8Array, i: number) => [prepareDrawing(drawSomewhere(digit, page, i))];
      const correct = await countCorrect(predictor, SOMEWHERE, prepare);
      judge(name, 100 * correct / SOMEWHERE, 100 * original / SOMEWHERE);
    }
  });
});
