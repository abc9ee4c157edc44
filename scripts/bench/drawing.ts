/** From a canvas to the pixels that a model reads: all of a prediction but the model. */
import { prepareDrawing } from "../../core/mnist/drawing/drawing.ts";
import { CANVAS, drawDigit } from "../../core/mnist/drawing/drawing_testing.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import type { Raster } from "../../core/mnist/drawing/raster.ts";
import { IMAGE_PIXELS } from "../../core/models/spec.ts";
import { decodePng } from "../../inference_service/drawing/png/decode.ts";
import { readDrawing } from "../../inference_service/drawing/read_drawing.ts";
import { writePng } from "../../inference_service/drawing/png/testing.ts";
import type { Bench, Case } from "./case.ts";
import { rate } from "./measure.ts";

/** Largest mean difference per pixel (of 255) after drawing a digit smoothly and preparing it again; a mean pixel is 33. */
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

/** As Chromium saves a canvas (seen in 156): RGBA, every row filtered by its difference to the one above. */
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
  if (difference > MAX_DIFFERENCE) throw new Error(`the prepared drawing is ${difference} a pixel off the digit drawn`);
}

function proveDecoding(decoded: Raster, drawn: Raster): void {
  const wrong = decoded.data.findIndex((sample, i) => sample !== drawn.data[i]);
  if (wrong >= 0 || decoded.data.length !== drawn.data.length) {
    throw new Error(`the decoded PNG differs from the drawing at sample ${wrong}`);
  }
}

function proveReading(read: Uint8Array, prepared: Uint8Array): void {
  if (read.some((pixel, i) => pixel !== prepared[i])) throw new Error("the PNG read is not the drawing prepared");
}
