/** The model families as plain data, so that pages can use them without loading the engine. */

/** One layer of a network, without its weights. Convolutions and pooling take images `[height, width, channels]`. */
export type Layer =
  /** Square kernels with stride 1, over images with `padding` zeros on every side. */
  | { readonly kind: "conv"; readonly channels: number; readonly kernel: number; readonly padding: number }
  | { readonly kind: "relu" }
  /** Keeps the largest value of each 2×2 square. */
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
  readonly features: readonly Layer[];
  /** Number of test digits scored at once. Their activations must fit into the buffers of a baseline GPU. */
  readonly evaluationBatch: number;
}

/** A multilayer perceptron: the fully connected head, applied directly to the pixels. */
const simpleNN: ModelFamily = { features: [], evaluationBatch: 1000 };

/** Two blocks of 3×3 convolution, ReLU and pooling. The head receives 64 channels of 7×7. */
const convNN: ModelFamily = {
  features: [
    { kind: "conv", channels: 32, kernel: 3, padding: 1 },
    { kind: "relu" },
    { kind: "maxPool" },
    { kind: "conv", channels: 64, kernel: 3, padding: 1 },
    { kind: "relu" },
    { kind: "maxPool" },
  ],
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
