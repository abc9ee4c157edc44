import type { Weights } from "../../shared/wire/stored_models.ts";

/** What the units of a layer look for: a picture each. */
export interface FirstLayer {
  kind: "units" | "filters" | "digits";
  /** Rows and columns of a picture. */
  side: number;
  /** `side * side` weights for each picture, from the top left. */
  pictures: readonly Float32Array[];
  /** The largest absolute weight of all: the strongest colour. */
  largest: number;
}

export function firstLayerOf({ spec, weights }: Weights): FirstLayer {
  const { data, shape: [count, inputs, kernel] } = weights[0];
  const isConvolution = kernel !== undefined;
  const side = isConvolution ? kernel : Math.sqrt(inputs), area = side * side;
  const pictures = Array.from({ length: count }, (_, unit) => data.subarray(unit * area, (unit + 1) * area));
  const largest = data.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const kind = isConvolution ? "filters" : spec.hiddenLayers.length === 0 ? "digits" : "units";
  return { kind, side, pictures, largest };
}

/** Of weights above and below 0, on grounds light and dark: as with the ink that decided, blue speaks for, orange against. */
export const COLOURS = { above: [45, 112, 224], below: [217, 106, 20] } as const;

/**
 * Paints one picture of `side × side` weights: the farther from 0, the stronger the colour; at 0 the ground shows through,
 * so that a change of the page's colours needs no new painting.
 */
export function paintWeights(canvas: HTMLCanvasElement, weights: Float32Array, side: number, largest: number): void {
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(side, side);
  weights.forEach((weight, i) => {
    const strength = largest > 0 ? Math.min(1, Math.abs(weight) / largest) : 0;
    picture.data.set(weight < 0 ? COLOURS.below : COLOURS.above, 4 * i);
    // Most weights are small: the root keeps them apart.
    picture.data[4 * i + 3] = Math.round(255 * Math.sqrt(strength || 0));
  });
  context.putImageData(picture, 0, 0);
}
