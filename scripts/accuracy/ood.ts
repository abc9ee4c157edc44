/**
 * Measures the out-of-distribution check: false alarms on MNIST's test digits, and the share of other drawings that it
 * detects. For comparison, it also prints the share that a model's own confidence detects with as many false alarms.
 *
 * Usage: deno run -A scripts/accuracy/ood.ts
 */
import { CANVAS, drawDigit } from "../../core/mnist/drawing/drawing_testing.ts";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { FALSE_ALARM_PERCENT, isOutOfDistribution } from "../../core/mnist/ood/ood.ts";
import { IMAGE_PIXELS, type ModelSpec } from "../../core/models/spec.ts";
import { mnist } from "../../core/testing/mnist.ts";
import { openPredictor } from "../../core/training/predictor.ts";
import { trainedWeights } from "../../inference_service/drawing/drawings_testing.ts";
import { openChromium } from "../../ui/testing/chromium.ts";
import * as make from "../ood/non_digits.ts";
import { DIGITS } from "../ood/non_digits.ts";
import { byHand, type Point, RandomSource, write } from "../ood/pen.ts";

const SIDE = 112;
/** Upper and lower case. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Letters that can be mistaken for a 0, 1, 2, 5, 6, 8 or 9. */
const LOOKALIKES = "BDGIJOQSZbgijloqsyz";
const FONTS = [
  "80px DejaVu Sans",
  "bold 80px DejaVu Sans",
  "200 80px DejaVu Sans",
  "italic 80px DejaVu Sans",
  "80px DejaVu Serif",
  "italic 80px DejaVu Serif",
  "80px DejaVu Sans Mono",
  "80px DejaVu Math TeX Gyre",
];

/** A letter in one font. */
interface PrintedLetter {
  letter: string;
  /** 784 bytes, ink 255 on paper 0. */
  pixels: Uint8Array;
}

/** Draws each of `letters` in every font, as Chromium prints them. Needs Chromium. */
async function printedLetters(letters = LETTERS): Promise<PrintedLetter[]> {
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    const pictures = await page.evaluate(({ letters, fonts, side }) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      return fonts.flatMap((font) =>
        [...letters].map((letter) => {
          context.fillStyle = "#fff";
          context.fillRect(0, 0, side, side);
          context.fillStyle = "#000";
          context.font = font;
          context.textAlign = "center";
          context.textBaseline = "middle";
          context.fillText(letter, side / 2, side / 2);
          const { data } = context.getImageData(0, 0, side, side);
          return { letter, tones: Array.from({ length: side * side }, (_, i) => data[4 * i]) };
        })
      );
    }, { letters, fonts: FONTS, side: SIDE });
    return pictures.map(({ letter, tones }) => {
      const data = Uint8Array.from(tones);
      return { letter, pixels: prepareDrawing({ width: SIDE, height: SIDE, channels: 1, data }) };
    });
  } finally {
    await browser.close();
  }
}

const SEED = 99, OF_EACH = 600;
const MODELS: readonly ModelSpec[] = [
  { modelType: "SimpleNN", hiddenLayers: [128] },
  { modelType: "ConvNN", hiddenLayers: [64] },
];

const { test } = mnist(), random = new RandomSource(SEED);
const testDigit = (i: number) => test.images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
const anyDigit = () => {
  const i = random.below(test.count);
  return { pixels: testDigit(i), label: test.labels[i] };
};
const several = (maker: make.Maker) => Array.from({ length: OF_EACH }, () => maker(random, anyDigit));

/** Lissajous curves: a kind of scribble that the network was not trained on. */
const loops: make.Maker = (random) => {
  const a = 1 + random.below(5), b = a % 5 + 1, p = random.between(0, 3), q = random.between(0, 3);
  const at = (i: number): Point => [5 + 5 * Math.sin(a * i / 19 + p), 5 + 5 * Math.sin(b * i / 19 + q)];
  return write([Array.from({ length: 120 }, (_, i) => at(i))], make.somePen(random));
};

const page = { ...CANVAS, width: 84, height: 84 };
const printed = await printedLetters();
const drawings: Record<string, Uint8Array[]> = {
  "test digits": Array.from({ length: test.count }, (_, i) => testDigit(i)),
  "test digits, drawn": Array.from(
    { length: test.count / 4 },
    (_, i) => prepareDrawing(drawDigit(testDigit(4 * i), page, 84, 0, 0)),
  ),
  "digits in strokes": Array.from(
    { length: 1000 },
    () => write(byHand(random.pick(DIGITS), random), make.somePen(random)),
  ),
  "letters in strokes": several(make.letter),
  "printed letters": printed.filter(({ letter }) => !LOOKALIKES.includes(letter)).map(({ pixels }) => pixels),
  "printed lookalikes": printed.filter(({ letter }) => LOOKALIKES.includes(letter)).map(({ pixels }) => pixels),
  "scribbles": several(make.scribble),
  "zigzags": several(make.zigzag),
  "loops": several(loops),
  "lines and dots": several(make.lines),
  "shapes": several(make.shape),
  "noise": several(make.noise),
  "shuffled blocks": several(make.shuffled),
  "half digits": several(make.half),
  "overlaid digits": several(make.overlaid),
  "lying digits": several(make.lying),
};

/** A model's confidence in its prediction, for each drawing. */
async function confidences(spec: ModelSpec): Promise<Record<string, number[]>> {
  const predictor = await openPredictor(spec, await trainedWeights(spec));
  const result: Record<string, number[]> = {};
  for (const [name, pictures] of Object.entries(drawings)) {
    result[name] = [];
    for (const pixels of pictures) result[name].push(Math.max(...await predictor.predict(pixels)));
  }
  predictor.close();
  return result;
}

const percent = (count: number, of: number) => (100 * count / of).toFixed(1).padStart(8);
const models = await Promise.all(MODELS.map(confidences));
/** Threshold of confidence that reports as many test digits as the check does. */
const limits = models.map((model) =>
  model["test digits"].toSorted((a, b) => a - b)[Math.round(test.count * FALSE_ALARM_PERCENT / 100)]
);
console.log(
  `${"found, per cent".padEnd(22)} number    check  ${MODELS.map((m) => m.modelType).join("  ")} (confidence)`,
);
for (const [name, pictures] of Object.entries(drawings)) {
  const found = pictures.filter(isOutOfDistribution).length;
  const byConfidence = models.map((model, i) => {
    return percent(model[name].filter((confidence) => confidence < limits[i]).length, pictures.length);
  });
  const number = String(pictures.length).padStart(6);
  console.log(`${name.padEnd(22)} ${number} ${percent(found, pictures.length)} ${byConfidence.join(" ")}`);
}
