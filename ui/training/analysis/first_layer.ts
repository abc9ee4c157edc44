import type { Weights } from "../../shared/wire/fetch_weights.ts";

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
