/** The core alone, bundled into a page for comparison with PyTorch. */
import type { DeviceName } from "../../core/backends/open.ts";
import type { ModelSpec, NamedTensor } from "../../core/models/spec.ts";
import { openPredictor } from "../../core/training/predictor.ts";

interface Question {
  spec: ModelSpec;
  /** Tensors as lists of numbers, as they come through JSON. */
  weights: { name: string; shape: number[]; data: number[] }[];
  pixels: number[];
  device: DeviceName;
  batch: number;
}

async function logitsOf({ spec, weights, pixels, device, batch }: Question): Promise<number[]> {
  const tensors = weights.map((tensor): NamedTensor => ({ ...tensor, data: Float32Array.from(tensor.data) }));
  const predictor = await openPredictor(spec, tensors, { device, batch });
  await predictor.predict(Uint8Array.from(pixels));
  const logits = [...await predictor.logits()];
  predictor.close();
  return logits;
}

Object.assign(globalThis, { logitsOf });
