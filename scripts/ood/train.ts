/**
 * Trains the small network that distinguishes digits from other drawings, and writes it to
 * `core/mnist/ood/ood_table.ts`. It is one of the lab's SimpleNNs: its first pixels are the cells of a drawing, and two
 * of its ten outputs are used.
 *
 * Usage: deno run -A scripts/ood/train.ts   (takes some minutes; deno fmt afterwards)
 */
import { CANVAS, drawDigit } from "../../core/mnist/drawing/drawing_testing.ts";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { ALPHABET, cellsOf, OOD_CELLS, type OodTable, readTable, scoreOf } from "../../core/mnist/ood/ood.ts";
import { IMAGE_PIXELS, type NamedTensor, PIXEL_DEVIATION, PIXEL_MEAN } from "../../core/models/spec.ts";
import { mnist } from "../../core/testing/mnist.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import * as make from "./non_digits.ts";
import { DIGITS } from "./non_digits.ts";
import { byHand, RandomSource, write } from "./pen.ts";

const TABLE = new URL("../../core/mnist/ood/ood_table.ts", import.meta.url);
const UNITS = 32, EPOCHS = 20, LEARNING_RATES = [0.004, 0.001, 0.0002], SEED = 7;
/** The last digits of the training set are held out: they set the threshold. */
const HELD_OUT = 10_000;
/** Share of the held-out digits above the threshold. It leaves a margin below the 2 % allowed for the test digits. */
const FALSE_ALARMS = 0.012;

/** How many drawings of each kind of non-digit to make. */
const MIX: readonly (readonly [make.Maker, number])[] = [
  [make.letter, 30_000],
  [make.scribble, 16_000],
  [make.zigzag, 4_000],
  [make.lines, 6_000],
  [make.shape, 6_000],
  [make.noise, 5_000],
  [make.shuffled, 8_000],
  [make.half, 4_000],
  [make.overlaid, 3_000],
  [make.lying, 6_000],
];

/**
 * Digits as stored, redrawn, and written in strokes, so that only their shape distinguishes them from the other
 * drawings.
 */
function digits(train: DigitSet, random: RandomSource): Uint8Array[] {
  const page = (side: number) => ({ ...CANVAS, width: side, height: side });
  const stored = Array.from({ length: train.count - HELD_OUT }, (_, i) => imageOf(train, i));
  const drawn = stored.filter((_, i) => i % 2 === 0).map((pixels) => {
    const side = random.pick([56, 70]);
    return prepareDrawing(drawDigit(pixels, page(side), side, 0, 0));
  });
  const written = Array.from(
    { length: 25_000 },
    () => write(byHand(random.pick(DIGITS), random), make.somePen(random)),
  );
  return [...stored, ...drawn, ...written];
}

function others(train: DigitSet, random: RandomSource): Uint8Array[] {
  const digit = () => {
    const i = random.below(train.count - HELD_OUT);
    return { pixels: imageOf(train, i), label: train.labels[i] };
  };
  return MIX.flatMap(([maker, count]) => Array.from({ length: count }, () => maker(random, digit)));
}

function imageOf({ images }: DigitSet, index: number): Uint8Array {
  return images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
}

async function train(drawings: readonly Uint8Array[], digits: number): Promise<NamedTensor[]> {
  const images = new Uint8Array(drawings.length * IMAGE_PIXELS);
  drawings.forEach((pixels, i) => images.set(cellsOf(pixels), i * IMAGE_PIXELS));
  const labels = Uint8Array.from(drawings, (_, i) => i < digits ? 0 : 1);
  const set: DigitSet = { count: drawings.length, images, labels };
  let weights: NamedTensor[] | undefined;
  for (const learningRate of LEARNING_RATES) {
    const trainer = await openTrainer({
      spec: { modelType: "SimpleNN", hiddenLayers: [UNITS] },
      optimizer: "Adam",
      learningRate,
      batchSize: 256,
      epochs: EPOCHS,
      seed: SEED,
      dataset: {
        train: set,
        test: { count: 1, images: images.subarray(0, IMAGE_PIXELS), labels: labels.subarray(0, 1) },
      },
      device: "wasm",
      weights,
    });
    let losses: Float32Array = new Float32Array();
    while (trainer.step < trainer.totalSteps) losses = await trainer.run(trainer.stepsPerEpoch);
    console.log(`learning rate ${learningRate}: loss ${losses.reduce((a, b) => a + b) / losses.length}`);
    weights = await trainer.weights();
    trainer.close();
  }
  return weights!;
}

/** Number of quantisation steps on either side of 0. */
const STEPS = 31;

/**
 * The network with weights rounded to six bits, and with the normalisation of pixels folded into them.
 *
 * @param weights of a SimpleNN with one hidden layer; of its ten outputs, 0 means "a digit" and 1 "not a digit"
 */
function tableOf([w1, b1, w2, b2]: readonly NamedTensor[]): Omit<OodTable, "threshold" | "falseAlarmPercent"> {
  const units = b1.data.length, weights: string[] = [], scales: number[] = [], biases: number[] = [];
  for (let unit = 0; unit < units; unit++) {
    const row = w1.data.subarray(unit * IMAGE_PIXELS, (unit + 1) * IMAGE_PIXELS);
    const used = row.subarray(0, OOD_CELLS).map((weight) => weight / PIXEL_DEVIATION);
    const scale = rounded(Math.max(...used.map(Math.abs)) / STEPS);
    scales.push(scale);
    weights.push(Array.from(used, (weight) => ALPHABET[32 + Math.round(weight / scale)]).join(""));
    biases.push(rounded(row.reduce((bias, weight) => bias - weight * PIXEL_MEAN / PIXEL_DEVIATION, b1.data[unit])));
  }
  const outputs = Array.from({ length: units }, (_, unit) => rounded(w2.data[units + unit] - w2.data[unit]));
  return { weights, scales, biases, outputs, outputBias: rounded(b2.data[1] - b2.data[0]) };
}

/** The source of `ood_table.ts`. */
function sourceOf(table: OodTable): string {
  return [
    "/** Generated by scripts/ood/train.ts; do not edit. */",
    `export const OOD_TABLE = ${JSON.stringify(table, null, 2)};`,
    "",
  ].join("\n");
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

const { train: stored, test } = mnist(), random = new RandomSource(SEED);
const good = digits(stored, random), bad = others(stored, random);
console.log(`${good.length} digits, ${bad.length} other drawings`);
const table = tableOf(await train([...good, ...bad], good.length));
const network = readTable({ ...table, threshold: 0, falseAlarmPercent: 0 });
const heldOut = Array.from(
  { length: HELD_OUT },
  (_, i) => scoreOf(network, imageOf(stored, stored.count - HELD_OUT + i)),
);
const threshold = Number(heldOut.sort((a, b) => b - a)[HELD_OUT * FALSE_ALARMS].toFixed(3));
const alarms = Array.from({ length: test.count }, (_, i) => scoreOf(network, imageOf(test, i)) > threshold);
const falseAlarmPercent = Number((100 * alarms.filter(Boolean).length / test.count).toFixed(2));
console.log(`threshold ${threshold}: ${falseAlarmPercent} % of the test digits are false alarms`);
await Deno.writeTextFile(TABLE, sourceOf({ ...table, threshold, falseAlarmPercent }));
