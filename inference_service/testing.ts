/** For tests: records, a store in memory, the app and drawings. */
import { Buffer } from "node:buffer";
import { encode } from "fast-png";
import type { Raster } from "../core/mnist/drawing/raster.ts";
import type { Hono } from "hono";
import type { ModelRecord } from "../protocol/mod.ts";
import type { ModelFiles } from "../service/http/model_routes.ts";
import { readSettings } from "../service/process/settings.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { createInferenceApp, type InferenceDeps } from "./service.ts";

export { params, record } from "../protocol/models_testing.ts";

/** A registry in memory whose records a test may change. */
export class MemoryStore implements ModelFiles {
  constructor(public records: ModelRecord[]) {}
  list = () => Promise.resolve(this.records);
  get = (id: string) => Promise.resolve(this.records.find((record) => record.id === id));
  readWeights = () => Promise.resolve([]);
  openPth = ({ filename }: ModelRecord) =>
    Promise.resolve({ size: filename.length, stream: new Blob([filename]).stream() });
  pthVersion = ({ filename }: ModelRecord) => Promise.resolve(filename);
}

/** The app with the default settings. */
export function appOn(
  store: InferenceDeps["store"],
  predictors: InferenceDeps["predictors"],
  drawings = new DrawingReader(),
): Hono {
  return createInferenceApp({ settings: readSettings(() => undefined), store, predictors, drawings });
}

/** A raster as the data URL of a PNG. */
export function pngUrl({ width, height, channels, data }: Raster): string {
  const png = encode({ width, height, channels, data: new Uint8Array(data) });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}

/** A vertical stroke on white paper. */
export function stroke(width = 40, height = 40): Raster {
  const data = new Uint8Array(width * height).fill(255);
  for (let y = height >> 2; y < height * 3 >> 2; y++) {
    data.fill(0, y * width + (width >> 1), y * width + (width >> 1) + 3);
  }
  return { width, height, channels: 1, data };
}
