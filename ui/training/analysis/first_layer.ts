import type { Weights } from "../../shared/wire/stored_models.ts";

/** The weights of a model's first layer as pictures: one for each unit, filter or, without a hidden layer, digit. */
export interface FirstLayer {
  kind: "units" | "filters" | "digits";
  /** Rows and columns of a picture. */
  side: number;
  /** `side * side` weights for each picture, from the top left. */
  pictures: readonly Float32Array[];
  /** The largest absolute weight, which gets the strongest colour. */
  largest: number;
}

/** The first layer of a model. Its weights are `[units, pixels]`, or `[filters, 1, side, side]` of a convolution. */
export function firstLayerOf({ spec, weights }: Weights): FirstLayer {
  const { data, shape: [count, inputs, kernel] } = weights[0];
  const isConvolution = kernel !== undefined;
  const side = isConvolution ? kernel : Math.sqrt(inputs), area = side * side;
  const pictures = Array.from({ length: count }, (_, unit) => data.subarray(unit * area, (unit + 1) * area));
  const largest = data.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const kind = isConvolution ? "filters" : spec.hiddenLayers.length === 0 ? "digits" : "units";
  return { kind, side, pictures, largest };
}

/**
 * RGB of weights above and below 0, visible on light and dark pages. As in attributions, blue is for and orange
 * against.
 */
const COLOURS = { above: [45, 112, 224], below: [217, 106, 20] } as const;

/**
 * Paints a picture of `side × side` weights. The farther a weight is from 0, the more opaque its colour. A weight of 0
 * is transparent, so the picture is right on a dark page, too.
 */
export function paintWeights(canvas: HTMLCanvasElement, weights: Float32Array, side: number, largest: number): void {
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(side, side);
  weights.forEach((weight, i) => {
    const strength = largest > 0 ? Math.min(1, Math.abs(weight) / largest) : 0;
    picture.data.set(weight < 0 ? COLOURS.below : COLOURS.above, 4 * i);
    // Most weights are small: the square root makes their differences visible.
    picture.data[4 * i + 3] = Math.round(255 * Math.sqrt(strength || 0));
  });
  context.putImageData(picture, 0, 0);
}
