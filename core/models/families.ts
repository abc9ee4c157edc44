/** The model families as plain data, so that pages can use them without loading the engine. */

/** What follows every convolution and hidden layer; `gelu` in its tanh form. */
export const ACTIVATIONS = ["relu", "gelu", "tanh", "sigmoid"] as const;

/** The name of an activation. */
export type Activation = (typeof ACTIVATIONS)[number];

/** The blocks of a convolutional network: each is a convolution, the activation and 2×2 max pooling. */
export interface Convolutions {
  /** Number of filters of each block. */
  readonly channels: readonly number[];
  /** Height and width of the filters of each block. */
  readonly kernels: readonly number[];
  /** Whether zeros around each image keep its size, or filters stay within it. */
  readonly padding: "same" | "valid";
}

/** Two blocks of 3×3 convolutions. The head receives 64 channels of 7×7. */
export const DEFAULT_CONVOLUTIONS: Convolutions = { channels: [32, 64], kernels: [3, 3], padding: "same" };

/** One layer of a network, without its weights. Convolutions and pooling take images `[height, width, channels]`. */
export type Layer =
  /** Square kernels with stride 1, over images with `padding` zeros on every side. */
  | { readonly kind: "conv"; readonly channels: number; readonly kernel: number; readonly padding: number }
  | { readonly kind: "activation"; readonly activation: Activation }
  /** Keeps the largest value of each 2×2 square; an odd last row or column is left out. */
  | { readonly kind: "maxPool" }
  /** Turns an image into a row of numbers. */
  | { readonly kind: "flatten" }
  | { readonly kind: "linear"; readonly units: number }
  /** Does nothing outside training. */
  | { readonly kind: "dropout"; readonly probability: number };

/**
 * A kind of network. Everything else follows from its layers: parameters and their names, the forward pass, the layout
 * in PyTorch and in a program, how its files are recognised, and its ONNX nodes.
 */
export interface ModelFamily {
  /** The layers in front of the fully connected head, which all families share: hidden layers and ten outputs. */
  features(convolutions: Convolutions, activation: Activation): Layer[];
  /** Number of test digits scored at once. Their activations must fit into the buffers of a baseline GPU. */
  readonly evaluationBatch: number;
}

/** A multilayer perceptron: the fully connected head, applied directly to the pixels. */
const simpleNN: ModelFamily = { features: () => [], evaluationBatch: 1000 };

/** A convolutional network of one to four blocks. */
const convNN: ModelFamily = {
  features: ({ channels, kernels, padding }, activation) =>
    channels.flatMap((filters, i): Layer[] => [
      {
        kind: "conv",
        channels: filters,
        kernel: kernels[i],
        padding: padding === "same" ? (kernels[i] - 1) / 2 : 0,
      },
      { kind: "activation", activation },
      { kind: "maxPool" },
    ]),
  evaluationBatch: 100,
};

/** A new family is an object like those above and a line here. */
const TABLE = {
  SimpleNN: simpleNN,
  ConvNN: convNN,
};

/** Name of a model family, as records and files store it. */
export type ModelType = keyof typeof TABLE;

/** All model families, by name. */
export const FAMILIES: Readonly<Record<ModelType, ModelFamily>> = TABLE;

/** The names of the families, in the order of the table. */
export const MODEL_TYPES = Object.keys(TABLE) as ModelType[];
