import { CLASSES, type NamedTensor } from "../../models/spec.ts";

/** Eight hidden layers and the last: the search below is only meant for few. */
const MAX_LINEARS = 9;

interface Layer {
  weight: NamedTensor;
  bias: NamedTensor;
}

/**
 * `tensors` in an order in which each layer fits the output of the one before it, weight before bias; undefined if there is no
 * such order. A weight and its bias share the beginning of their names (`fc1.weight`, `fc1.bias`). Where shapes leave a choice,
 * layers are ordered by name, with numbers compared as numbers.
 *
 * @param features inputs of the first Linear layer
 */
export function arrangeTensors(tensors: readonly NamedTensor[], features: number): NamedTensor[] | undefined {
  const layers = layersByName(tensors);
  if (layers === undefined) return undefined;
  const isConvolution = ({ weight }: Layer) => weight.shape.length === 4;
  const convolutions = layers.filter(isConvolution).sort((a, b) => a.weight.shape[1] - b.weight.shape[1]);
  const linears = layers.filter((layer) => !isConvolution(layer));
  const chained = linears.length > MAX_LINEARS ? undefined : chain(features, linears);
  return chained && [...convolutions, ...chained].flatMap(({ weight, bias }) => [weight, bias]);
}

/** Pairs of weight and bias whose names begin alike, in the order of their names; undefined if any tensor has no partner. */
function layersByName(tensors: readonly NamedTensor[]): Layer[] | undefined {
  const beginnings = Map.groupBy(tensors, ({ name }) => name.slice(0, Math.max(0, name.lastIndexOf("."))));
  const names = [...beginnings.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const layers: Layer[] = [];
  for (const name of names) {
    const pair = beginnings.get(name)!;
    const weight = pair.find(({ shape }) => shape.length > 1);
    const bias = pair.find(({ shape }) => shape.length === 1);
    if (pair.length !== 2 || weight === undefined || bias === undefined) return undefined;
    layers.push({ weight, bias });
  }
  return layers;
}

/** An order of all `layers` that leads from `features` inputs to the ten classes. */
function chain(features: number, layers: readonly Layer[]): Layer[] | undefined {
  if (layers.length === 0) return features === CLASSES ? [] : undefined;
  // Of layers of one shape only the first is tried: if it leads nowhere, so do the others.
  const candidates = new Map<number, Layer>();
  for (const layer of layers) {
    const [out, inputs] = layer.weight.shape;
    if (inputs === features && !candidates.has(out)) candidates.set(out, layer);
  }
  for (const [out, layer] of candidates) {
    const rest = chain(out, layers.filter((other) => other !== layer));
    if (rest !== undefined) return [layer, ...rest];
  }
  return undefined;
}
