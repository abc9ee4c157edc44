/** For tests: records, a store in memory and drawings. */
import { Buffer } from "node:buffer";
import { encode } from "fast-png";
import type { Raster } from "../core/mnist/drawing/raster.ts";
import { DEFAULT_CONFIG, type ModelRecord } from "../protocol/mod.ts";
import type { ModelFiles } from "../service/http/model_routes.ts";

/** The record of a small model. */
export function record(fields: Partial<ModelRecord> = {}): ModelRecord {
  const id = fields.id ?? "model_simplenn_adam_1";
  return {
    id,
    filename: `${id}.pth`,
    timestamp: 1,
    ...DEFAULT_CONFIG,
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate: 0.0055,
    batch_size: 32,
    num_epochs: 1,
    hidden_layers_config: [128],
    accuracy: 94.1,
    training_time: 36.866,
    ...fields,
  };
}

/** The `params` of a prediction that match `record()`. */
export const params = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate_range: "High",
  batch_size: 32,
  epochs: 1,
  hidden_layers_config: [128],
  use_dropout: false,
};

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
