/** What a model family is made of: data, so that pages can use it without the engine. */

/** One layer of a network, without its weights. Convolutions and pooling see images `[height, width, channels]`. */
export type Layer =
  /** Square kernels that move by one pixel, over images with `padding` zeros on every side. */
  | { readonly kind: "conv"; readonly channels: number; readonly kernel: number; readonly padding: number }
  | { readonly kind: "relu" }
  /** Keeps the largest of each 2×2 square. */
  | { readonly kind: "maxPool" }
  /** An image as a row of numbers. */
  | { readonly kind: "flatten" }
  | { readonly kind: "linear"; readonly units: number }
  /** Does nothing outside of training. */
  | { readonly kind: "dropout"; readonly probability: number };

/**
 * A kind of network. Parameters and their names, the forward pass, the layout in PyTorch and in a program, how a file of it
 * is recognised, and its ONNX nodes all follow from its layers.
 */
export interface ModelFamily {
  /** The layers in front of the fully connected head, which all families share: hidden layers and ten outputs. */
  readonly features: readonly Layer[];
  /** Test digits that are scored at once: few enough that their activations fit into a baseline GPU's buffers. */
  readonly evaluationBatch: number;
}
