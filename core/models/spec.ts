/** What a model is, apart from its weights: its layers, and the names and shapes of its parameters. */
import { type Shape, sizeOf } from "../shape.ts";
import {
  type Activation,
  type Convolutions,
  DEFAULT_CONVOLUTIONS,
  FAMILIES,
  type Layer,
  type ModelType,
} from "./families.ts";

/** The ten digits. */
export const CLASSES = 10;
/** Height and width of an image. */
export const IMAGE_SIDE = 28;
/** Pixels of an image. */
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/**
 * Mean and standard deviation of MNIST's training pixels on a scale of 0 to 1: models receive (x / 255 − mean) /
 * deviation.
 */
export const PIXEL_MEAN = 0.1307, PIXEL_DEVIATION = 0.3081;

/** Enough to name and shape every parameter of a model. */
export interface ModelSpec {
  modelType: ModelType;
  /** Widths of the hidden layers; may be empty. */
  hiddenLayers: readonly number[];
  /** @default "relu" */
  activation?: Activation;
  /** Counts only where the family has convolutions. @default DEFAULT_CONVOLUTIONS */
  convolutions?: Convolutions;
  /** Probability of dropping a unit in training, in [0, 1); undefined for a model without dropout layers. */
  dropout?: number;
}

/** Describes a network, such as `SimpleNN with hidden layers 128, 64`; what is usual is not mentioned. */
export function describeNetwork({ modelType, hiddenLayers, convolutions, activation }: ModelSpec): string {
  const hidden = hiddenLayers.length === 0 ? "no hidden layer" : `hidden layers ${hiddenLayers.join(", ")}`;
  const parts = [hidden];
  if (convolutions !== undefined && String(Object.values(convolutions)) !== USUAL_CONVOLUTIONS) {
    const { channels, kernels, padding } = convolutions;
    const filters = channels.map((count, i) => `${count} filters of ${kernels[i]}×${kernels[i]}`).join(", ");
    parts.unshift(`${filters} (padding ${padding})`);
  }
  if (activation !== undefined && activation !== "relu") parts.push(activation);
  return `${modelType} with ${parts.join(", ")}`;
}

const USUAL_CONVOLUTIONS = String(Object.values(DEFAULT_CONVOLUTIONS));

/** A tensor of a stored model: row-major float32 in PyTorch's shape. */
export interface NamedTensor {
  name: string;
  shape: Shape;
  data: Float32Array;
}

/** A layer at its position in a network. Shapes describe one image: `[height, width, channels]` or `[units]`. */
export type PlacedLayer = Layer & {
  /** Name in a state dict, such as `head.0`. */
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  /** Whether a hidden block ends here: convolution, activation and pooling, or Linear and activation. */
  readonly endsBlock: boolean;
};

/**
 * The layers of a model from the pixels to the logits. Names are those of a PyTorch module with two `nn.Sequential`s,
 * `conv` for the family's own layers and `head` for the rest (Linear, activation, Dropout if on, …, Linear), so a dropout
 * layer shifts the numbers of the layers after it.
 */
export function layersOf(spec: ModelSpec): PlacedLayer[] {
  const { modelType, hiddenLayers, activation = "relu", convolutions = DEFAULT_CONVOLUTIONS, dropout } = spec;
  const head: Layer[] = [];
  for (const units of hiddenLayers) {
    head.push({ kind: "linear", units }, { kind: "activation", activation });
    if (dropout !== undefined) head.push({ kind: "dropout", probability: dropout });
  }
  head.push({ kind: "linear", units: CLASSES });
  let input: Shape = [IMAGE_SIDE, IMAGE_SIDE, 1];
  const place = (layer: Layer, name: string, next?: Layer): PlacedLayer => {
    const output = outputOf(layer, input);
    const endsBlock = layer.kind === "maxPool" || layer.kind === "activation" && next?.kind !== "maxPool";
    const placed = { ...layer, name, input, output, endsBlock };
    input = output;
    return placed;
  };
  const sequential = (layers: readonly Layer[], name: string) =>
    layers.map((layer, i) => place(layer, `${name}.${i}`, layers[i + 1]));
  return [
    ...sequential(FAMILIES[modelType].features(convolutions, activation), "conv"),
    place({ kind: "flatten" }, "flatten"),
    ...sequential(head, "head"),
  ];
}

function outputOf(layer: Layer, input: Shape): Shape {
  const [height, width, channels] = input;
  switch (layer.kind) {
    case "conv": {
      const margin = 2 * layer.padding + 1 - layer.kernel;
      return [height + margin, width + margin, layer.channels];
    }
    case "maxPool":
      return [Math.floor(height / 2), Math.floor(width / 2), channels];
    case "flatten":
      return [sizeOf(input)];
    case "linear":
      return [layer.units];
    case "activation":
    case "dropout":
      return input;
  }
}

/**
 * The layout of a parameter in a program, which reads it along its last axis: PyTorch's `view(a, b, c)` with the axes
 * reversed, in `shape`.
 */
export interface ParameterLayout {
  shape: Shape;
  view: readonly [a: number, b: number, c: number];
}

/** A parameter of a model, without its values. */
export interface ParameterSpec {
  /** Name in a state dict, such as `head.0.weight`. */
  name: string;
  /** PyTorch's shape: Linear `[out, in]`, Conv `[out, in, height, width]`, bias `[out]`. */
  shape: Shape;
  /** Number of inputs to one unit. It sets the bounds of the initial values. */
  fanIn: number;
  layout: ParameterLayout;
}

/** The parameters in the order of a state dict: each layer's weight, then its bias. */
export function parameterSpecs(spec: ModelSpec): ParameterSpec[] {
  const parameters: ParameterSpec[] = [];
  const add = ({ name }: PlacedLayer, shape: Shape, layout: ParameterLayout) => {
    const [out] = shape, fanIn = sizeOf(shape) / out;
    parameters.push({ name: `${name}.weight`, shape, fanIn, layout });
    parameters.push({ name: `${name}.bias`, shape: [out], fanIn, layout: { shape: [out], view: [out, 1, 1] } });
  };
  let interleaved = 1;
  for (const layer of layersOf(spec)) {
    const [inputs, , channels] = layer.input;
    if (layer.kind === "conv") {
      const { kernel, channels: out } = layer;
      const shape = [kernel, kernel, channels, out], view = [out, channels, kernel * kernel] as const;
      add(layer, [out, channels, kernel, kernel], { shape, view });
    } else if (layer.kind === "linear") {
      // PyTorch flattens an image channel by channel; a program does so pixel by pixel, with channels innermost.
      const { units } = layer;
      const view = [units, interleaved, inputs / interleaved] as const;
      add(layer, [units, inputs], { shape: [inputs, units], view });
    }
    interleaved = layer.kind === "flatten" ? channels : 1;
  }
  return parameters;
}

/** Number of a model's parameters. */
export function countParameters(spec: ModelSpec): number {
  return parameterSpecs(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
