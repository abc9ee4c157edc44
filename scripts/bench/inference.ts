/**
 * Times prediction in this process: preparing a drawing, decoding its PNG, and running the model on one image and on a
 * thousand.
 */
import { IMAGE_PIXELS, type ModelSpec } from "../../core/models/spec.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import { openPredictor, type Predictor } from "../../core/training/predictor.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import type { Bench, Case, Figure } from "./case.ts";
import { INFERENCE_SPECS, nameOf, SEED } from "./configs.ts";
import { rate } from "./measure.ts";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { CANVAS, drawDigit } from "../../core/mnist/drawing/drawing_testing.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import type { Raster } from "../../core/mnist/drawing/raster.ts";
import { decodePng } from "../../inference_service/drawing/png/decode.ts";
import { readDrawing } from "../../inference_service/drawing/drawing_reader.ts";
import { writePng } from "../../inference_service/drawing/png/testing.ts";

/** Images per call. */
export const BATCHES = [1, 1000] as const;

/** Such as `one image`. */
export const batchTitle = (batch: number) => batch === 1 ? "one image" : `${batch} images`;

/** Every model of `INFERENCE_SPECS` with every batch size. */
export function inferenceCases(bench: Bench): Case[] {
  return INFERENCE_SPECS.flatMap((spec) =>
    BATCHES.map((batch) => ({
      name: `infer ${nameOf(spec)}, ${batchTitle(batch)}`,
      measure: () => measure(bench, spec, batch),
    }))
  );
}

async function measure({ dataset, seconds }: Bench, spec: ModelSpec, batch: number): Promise<Figure[]> {
  const pixels = dataset.test.images.subarray(0, batch * IMAGE_PIXELS);
  const predictor = await openPredictor(spec, initialParameters(spec, SEED), { batch });
  try {
    await provePredictions(spec, await predictor.predict(pixels), pixels);
    const images = await imagesPerSecond(predictor, pixels, seconds);
    return [{ value: 1e6 * batch / images, unit: "µs" }, { value: images, unit: "images/s" }];
  } finally {
    predictor.close();
  }
}

/** Predicts `pixels` (`[batch, 784]`) again and again for `seconds`. */
export function imagesPerSecond(predictor: Predictor, pixels: Uint8Array, seconds: number): Promise<number> {
  return rate(async () => {
    await predictor.predict(pixels);
    return pixels.length / IMAGE_PIXELS;
  }, seconds);
}

/** Checks that the reference backend agrees on the first, second and last image. */
async function provePredictions(spec: ModelSpec, probabilities: Float32Array, pixels: Uint8Array): Promise<void> {
  const count = pixels.length / IMAGE_PIXELS, classes = probabilities.length / count;
  const reference = await openPredictor(spec, initialParameters(spec, SEED), { device: "reference" });
  for (const i of new Set([0, Math.min(1, count - 1), count - 1])) {
    const expected = await reference.predict(pixels.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS));
    assertAllClose(probabilities.subarray(i * classes, (i + 1) * classes), expected, { relative: 1e-4 }, `image ${i}`);
  }
  reference.close();
}

/**
 * Largest mean difference per pixel (of 255) after drawing a digit smoothly and preparing it again; a mean pixel is 33.
 */
const MAX_DIFFERENCE = 8;
const RGBA = 6, UP = 2;

/** Preparing a drawing, decoding its PNG, and both together. */
export function drawingCases(bench: Bench): Case[] {
  const drawing = () => drawTestDigit(bench.dataset.test, 0);
  return [
    {
      name: "drawing 280×280 RGBA, prepared",
      async measure() {
        const raster = drawing();
        provePreparation(prepareDrawing(raster), digitOf(bench.dataset.test, 0));
        return [{ value: await microseconds(() => prepareDrawing(raster), bench.seconds), unit: "µs" }];
      },
    },
    {
      name: "drawing 280×280 RGBA, PNG decoded",
      async measure() {
        const raster = drawing(), png = pngOf(raster);
        proveDecoding(decodePng(png), raster);
        return [{ value: await microseconds(() => decodePng(png), bench.seconds), unit: "µs" }];
      },
    },
    {
      name: "drawing 280×280 RGBA, from its PNG to 28×28",
      async measure() {
        const raster = drawing(), png = pngOf(raster);
        proveReading(readDrawing(png), prepareDrawing(raster));
        return [{ value: await microseconds(() => readDrawing(png), bench.seconds), unit: "µs" }];
      },
    },
  ];
}

/** A test digit on the drawing page's canvas. */
export function drawTestDigit(digits: DigitSet, index: number): Raster {
  return drawDigit(digitOf(digits, index), CANVAS, CANVAS.width, 0, 0);
}

/**
 * Encodes a PNG as Chromium saves a canvas (seen in version 156): RGBA, with each row stored as its difference from the
 * row above.
 */
export function pngOf({ width, height, channels, data }: Raster): Uint8Array {
  const sample = (x: number, y: number, c: number) => data[(y * width + x) * channels + c];
  return writePng({ width, height, colour: RGBA, sample, filter: () => UP });
}

function digitOf(digits: DigitSet, index: number): Uint8Array {
  return digits.images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
}

async function microseconds(work: () => void, seconds: number): Promise<number> {
  const perSecond = await rate(() => {
    work();
    return 1;
  }, seconds);
  return 1e6 / perSecond;
}

function provePreparation(prepared: Uint8Array, digit: Uint8Array): void {
  const difference = prepared.reduce((sum, pixel, i) => sum + Math.abs(pixel - digit[i]), 0) / IMAGE_PIXELS;
  if (difference > MAX_DIFFERENCE) {
    throw new Error(`the prepared drawing differs from the original digit by ${difference} per pixel`);
  }
}

function proveDecoding(decoded: Raster, drawn: Raster): void {
  const wrong = decoded.data.findIndex((sample, i) => sample !== drawn.data[i]);
  if (wrong >= 0 || decoded.data.length !== drawn.data.length) {
    throw new Error(`the decoded PNG differs from the drawing at sample ${wrong}`);
  }
}

function proveReading(read: Uint8Array, prepared: Uint8Array): void {
  if (read.some((pixel, i) => pixel !== prepared[i])) {
    throw new Error("the digit read from the PNG differs from the prepared drawing");
  }
}
