/** What a model is, apart from its weights: enough to name and shape every parameter. */

export const CLASSES = 10;
export const IMAGE_SIDE = 28;
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/** Mean and standard deviation of MNIST's training pixels on a scale of 0 to 1: models see (x / 255 − mean) / deviation. */
export const PIXEL_MEAN = 0.1307, PIXEL_DEVIATION = 0.3081;

export interface ModelSpec {
  modelType: "SimpleNN" | "ConvNN";
  /** Widths of the hidden layers; may be empty. */
  hiddenLayers: readonly number[];
  /** Probability of dropping a unit in training, in [0, 1); undefined for a model without dropout layers. */
  dropout?: number;
}

export interface ParameterSpec {
  /** Name in a state dict, such as `head.0.weight`. */
  name: string;
  /** PyTorch's shape: Linear `[out, in]`, Conv `[out, in, 3, 3]`, bias `[out]`. */
  shape: readonly number[];
  /** Inputs that feed one unit; sets the bounds of the initial values. */
  fanIn: number;
}

/** A tensor of a stored model: row-major float32 in PyTorch's shape. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Output channels of ConvNN's two convolutions. */
export const CONV_CHANNELS = [32, 64] as const;

/**
 * The parameters in the order of a checkpoint. Names are those of a PyTorch module with two `nn.Sequential`s: `conv`
 * (Conv2d, ReLU, MaxPool2d, Conv2d, ReLU, MaxPool2d) and `head` (Linear, ReLU, Dropout if on, …, Linear), so a dropout
 * layer shifts the numbers behind it.
 */
export function parameterSpecs(spec: ModelSpec): ParameterSpec[] {
  const parameters: ParameterSpec[] = [];
  const add = (layer: string, weightShape: number[]) => {
    const fanIn = weightShape.slice(1).reduce((a, b) => a * b, 1);
    parameters.push({ name: `${layer}.weight`, shape: weightShape, fanIn });
    parameters.push({ name: `${layer}.bias`, shape: [weightShape[0]], fanIn });
  };
  let features = IMAGE_PIXELS;
  if (spec.modelType === "ConvNN") {
    let channels = 1;
    CONV_CHANNELS.forEach((out, block) => {
      add(`conv.${block * 3}`, [out, channels, 3, 3]);
      channels = out;
    });
    features = channels * (IMAGE_SIDE / 4) ** 2;
  }
  let index = 0;
  for (const width of spec.hiddenLayers) {
    add(`head.${index}`, [width, features]);
    features = width;
    index += spec.dropout === undefined ? 2 : 3;
  }
  add(`head.${index}`, [CLASSES, features]);
  return parameters;
}
