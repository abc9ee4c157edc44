/** Explains a prediction: per-pixel attribution and hidden activations. */
import { gradients } from "../autodiff.ts";
import { type DeviceName, predictionBackendFor } from "../backends/open.ts";
import { type Program, state, type Tensor, trace } from "../graph.ts";
import { mul, reshape, sum, takeRows } from "../ops/mod.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../models/spec.ts";
import { forward, normalise } from "../models/network.ts";
import { parameterTensors, writeParameters } from "../models/parameters.ts";
import { STATE } from "./programs.ts";

/** Output of a hidden block, after its activation: `[height, width, channels]` for a convolution, or `[units]`. */
export interface Activations {
  shape: readonly number[];
  values: Float32Array;
}

/** Why a model gave one digit its logit. */
export interface Attribution {
  /** Ten, in digit order. */
  logits: Float32Array;
  /**
   * `[784]`: how much each pixel's ink adds to the digit's logit, to first order; negative if it lowers the logit. This
   * is gradient × input (Shrikumar et al., 2016). The input is the ink, so paper contributes nothing.
   */
  contributions: Float32Array;
  /** Hidden activations, from the first block to the last. */
  layers: Activations[];
}

/** A model that is ready to explain its predictions. Calls must not overlap. */
export interface Explainer {
  readonly device: string;
  /** Explains the logit of `digit` for 784 bytes, ink 255 on paper 0. */
  explain(pixels: Uint8Array, digit: number): Promise<Attribution>;
  close(): void;
}

/** One-hot `[1, 10]`: the digit that is explained. */
const CHOSEN = "chosen";
const CONTRIBUTIONS = "contributions";
const layerName = (index: number) => `layer.${index}`;

/** One forward pass, and a backward pass from one digit's logit to the pixels. */
function attributionProgram(spec: ModelSpec): { program: Program; layers: Shape[] } {
  const layers: Tensor[] = [];
  const program = trace(() => {
    const pixels = takeRows(state(STATE.pixels, [1, IMAGE_PIXELS], "u8"), state(STATE.rows, [1], "i32"));
    const parameters = parameterTensors(spec, { frozen: true });
    const logits = forward(spec, parameters, normalise(pixels), undefined, (output) => layers.push(output));
    const [slopes] = gradients(sum(mul(logits, state(CHOSEN, [1, CLASSES]))), [pixels]);
    const updates: Record<string, Tensor> = { [STATE.logits]: logits, [CONTRIBUTIONS]: mul(slopes, pixels) };
    layers.forEach((layer, i) => updates[layerName(i)] = reshape(layer, [sizeOf(layer.shape)]));
    return { updates };
  });
  return { program, layers: layers.map(({ shape }) => shape.slice(1)) };
}

/**
 * Opens an explainer.
 *
 * @param weights in the order and shapes of `parameterSpecs`
 * @throws {Error} for weights that do not fit `spec`, or a device that is missing
 */
export async function openExplainer(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  device: DeviceName = "wasm",
): Promise<Explainer> {
  const { program, layers } = attributionProgram(spec);
  const session = await predictionBackendFor(device).open({ explain: program });
  try {
    writeParameters(session, spec, weights);
  } catch (error) {
    session.close();
    throw error;
  }
  session.write(STATE.rows, Int32Array.of(0));
  const read = async (name: string) => await session.read(name) as Float32Array;
  return {
    device: session.device,
    async explain(pixels, digit) {
      session.write(STATE.pixels, pixels);
      session.write(CHOSEN, new Float32Array(CLASSES).fill(1, digit, digit + 1));
      await session.run("explain", 0, 1);
      const activations: Activations[] = [];
      for (const [i, shape] of layers.entries()) activations.push({ shape, values: await read(layerName(i)) });
      return {
        logits: await read(STATE.logits),
        contributions: await read(CONTRIBUTIONS),
        layers: activations,
      };
    },
    close: () => session.close(),
  };
}
