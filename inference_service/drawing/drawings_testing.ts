/** For tests: draws test digits on canvases of every kind, and trains a model. */
import { encode } from "fast-png";
import { IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../../core/models/spec.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { CANVAS, drawDigit, type Page } from "../../core/mnist/drawing/drawing_testing.ts";
import type { Raster } from "../../core/mnist/drawing/raster.ts";
import { mnist } from "../../core/testing/mnist.ts";
import { chunk, writePng } from "./png/testing.ts";

/** A kind of canvas, and how it is written to a file. */
export interface Kind {
  name: string;
  page: Page;
  toPng(raster: Raster): Uint8Array;
}

const SIDE = { width: CANVAS.width, height: CANVAS.height };

/** Canvases of the drawing page's size. */
export const KINDS: readonly Kind[] = [
  { name: "black on white", page: CANVAS, toPng: plainPng },
  { name: "white on black", page: { ...SIDE, ink: [255, 255, 255, 255], paper: [0, 0, 0, 255] }, toPng: plainPng },
  { name: "transparent paper", page: { ...SIDE, ink: [0, 0, 0, 255], paper: [0, 0, 0, 0] }, toPng: plainPng },
  { name: "grey", page: { ...SIDE, ink: [60], paper: [225] }, toPng: plainPng },
  // Ink and paper differ by the same amount in every channel, so 256 colours are enough.
  { name: "palette", page: { ...SIDE, ink: [20, 40, 90], paper: [170, 190, 240] }, toPng: palettePng },
];

/** A smaller canvas. */
export const SMALL: Kind = { name: "96×96", page: { ...CANVAS, width: 96, height: 96 }, toPng: plainPng };

/** Sides of a digit's square on a page: one, two and three thirds of the page's. */
export function sizesOn({ width }: Page): number[] {
  return [1, 2, 3].map((thirds) => Math.round(width * thirds / 3));
}

/**
 * `digit` as a square of `size` pixels at each of `places`, 0 to 8 from the upper left to the lower right of a square
 * page.
 */
export function drawAtPlaces(digit: Uint8Array, page: Page, size: number, places: readonly number[]): Raster[] {
  const square = drawDigit(digit, { ...page, width: size, height: size }, size, 0, 0);
  const room = page.width - size;
  const offsets = [0, Math.floor(room / 2), room];
  return places.map((place) => paste(square, page, offsets[place % 3], offsets[Math.floor(place / 3)]));
}

/** `digit` at one of the three sizes and nine positions, which change with `index`. */
export function drawSomewhere(digit: Uint8Array, page: Page, index: number): Raster {
  const [drawing] = drawAtPlaces(digit, page, sizesOn(page)[index % 3], [Math.floor(index / 3) % 9]);
  return drawing;
}

/** The 784 bytes of a test digit, ink 255 on paper 0. */
export function testDigit(index: number): Uint8Array {
  return mnist().test.images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
}

/** The model that `trainedWeights` trains. */
export const SPEC: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [128] };

/** Weights of a model after one epoch over the digits. */
export async function trainedWeights(spec = SPEC): Promise<NamedTensor[]> {
  const trainer = await openTrainer({
    spec,
    optimizer: "Adam",
    learningRate: 0.001,
    batchSize: 64,
    epochs: 1,
    seed: 1,
    dataset: mnist(),
    device: "wasm",
  });
  try {
    while (trainer.step < trainer.totalSteps) await trainer.run(trainer.totalSteps);
    return await trainer.weights();
  } finally {
    trainer.close();
  }
}

function paste(square: Raster, { width, height, paper }: Page, left: number, top: number): Raster {
  const { channels } = square;
  const data = new Uint8Array(width * height * channels);
  for (let c = 0; c < channels; c++) {
    for (let at = c; at < data.length; at += channels) data[at] = paper[c];
  }
  const rowBytes = square.width * channels;
  for (let y = 0; y < square.height; y++) {
    data.set(square.data.subarray(y * rowBytes, (y + 1) * rowBytes), ((top + y) * width + left) * channels);
  }
  return { width, height, channels, data };
}

function plainPng({ width, height, channels, data }: Raster): Uint8Array {
  return encode({ width, height, channels, data: new Uint8Array(data) });
}

function palettePng({ width, height, data }: Raster): Uint8Array {
  const palette: number[] = [];
  const indexOf = new Map<number, number>();
  const indices = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const [red, green, blue] = data.subarray(pixel * 3);
    const colour = red << 16 | green << 8 | blue;
    if (!indexOf.has(colour)) palette.push(red, green, blue), indexOf.set(colour, indexOf.size);
    return indexOf.get(colour)!;
  });
  return writePng({
    width,
    height,
    colour: 3,
    sample: (x, y) => indices[y * width + x],
    before: [chunk("PLTE", Uint8Array.from(palette))],
  });
}
