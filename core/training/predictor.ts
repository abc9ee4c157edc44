import { type DeviceName, predictionBackendFor } from "../backends/open.ts";
import { IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../models/spec.ts";
import { writeParameters } from "../models/parameters.ts";
import { predictionProgram, STATE } from "./programs.ts";

/** How a predictor runs. */
export interface PredictorOptions {
  device?: DeviceName;
  /** Images per call. @default 1 */
  batch?: number;
}

/** A model that is ready to predict. Calls must not overlap. */
export interface Predictor {
  readonly device: string;
  /** `batch × 784` bytes, ink 255 on paper 0 → `batch × 10` probabilities. */
  predict(pixels: Uint8Array): Promise<Float32Array>;
  /** `batch × 10` logits of the last prediction, before the softmax. */
  logits(): Promise<Float32Array>;
  /**
   * Replaces the weights with others of the same shapes. Arrays that were also in the previous weights are assumed to
   * be unchanged.
   */
  load(weights: readonly NamedTensor[]): void;
  close(): void;
}

/**
 * Opens a predictor.
 *
 * @param weights in the order and shapes of `parameterSpecs`
 * @throws {Error} for weights that do not fit `spec`, or a device that is missing
 */
export async function openPredictor(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  { device = "wasm", batch = 1 }: PredictorOptions = {},
): Promise<Predictor> {
  const session = await predictionBackendFor(device).open({ predict: predictionProgram(spec, batch) });
  try {
    writeParameters(session, spec, weights);
  } catch (error) {
    session.close();
    throw error;
  }
  let loaded = weights;
  session.write(STATE.rows, Int32Array.from({ length: batch }, (_, i) => i));
  return {
    device: session.device,
    async predict(pixels) {
      if (pixels.length !== batch * IMAGE_PIXELS) {
        throw new Error(`a prediction takes ${batch * IMAGE_PIXELS} pixels, got ${pixels.length}`);
      }
      session.write(STATE.pixels, pixels);
      await session.run("predict", 0, 1);
      return await session.read(STATE.probabilities) as Float32Array;
    },
    logits: async () => await session.read(STATE.logits) as Float32Array,
    load(others) {
      writeParameters(session, spec, others, loaded);
      loaded = others;
    },
    close: () => session.close(),
  };
}
