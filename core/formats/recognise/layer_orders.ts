/** The orders in which the layers of a file can follow one another. */
import { CLASSES, type NamedTensor } from "../../models/spec.ts";
import type { Shape } from "../../shape.ts";
import { ModelFileError, quote } from "../errors.ts";

/** A weight and its bias. */
export interface Layer {
  /** The part of their names that they share, such as `fc1`, or else the weight's name. */
  name: string;
  weight: NamedTensor;
  bias: NamedTensor;
}

/** Eight hidden layers and the last one: the searches below are only meant for a few layers. */
const MAX_LAYERS = 9;
/** The most convolutions of a model here. */
export const MAX_CONVOLUTIONS = 4;
/** All orders of six equal layers. */
const MAX_ORDERS = 720;

/**
 * The layers of `tensors` in every order in which each layer fits the output of the previous one and which the file
 * does not rule out, the most likely first; empty if there is none. If shapes leave a choice, these decide:
 *
 * - The file's own order, if it is one. A file that was merely sorted by name (as Python's safetensors does) has none.
 * - Numbers in names that are otherwise equal (`fc2` comes before `fc10`). If they contradict the file's own order,
 *   both are candidates.
 *
 * @param featuresAfter inputs of the first Linear layer after these convolutions
 * @throws {ModelFileError} if more than 720 orders fit
 */
export function layerOrders(
  tensors: readonly NamedTensor[],
  featuresAfter: (convolutions: readonly Layer[]) => number,
): Layer[][] {
  const layers = adjacentLayers(tensors) ?? layersByName(tensors);
  if (layers === undefined) return [];
  const isConvolution = ({ weight }: Layer) => weight.shape.length === 4;
  const convolutions = layers.filter(isConvolution), linears = layers.filter((layer) => !isConvolution(layer));
  const hasOwnOrder = !isSortedByName(tensors, layers.length);
  const chain = chainOf(convolutions, ({ weight }) => weight.shape);
  const chains = convolutions.length > MAX_CONVOLUTIONS
    ? []
    : ordersOf(convolutions, 1, chain.at(-1)?.weight.shape[0] ?? 1, hasOwnOrder);
  const orders = (chains.length > 0 ? chains : [chain]).flatMap((chain) =>
    ordersOf(linears, featuresAfter(chain), CLASSES, hasOwnOrder).map((order) => [...chain, ...order])
  );
  if (orders.length > MAX_ORDERS) throw tooMany(layers);
  return orders;
}

/**
 * Convolutions in an order in which each reads the channels of the one before, the first one channel; as they are if
 * there is none.
 *
 * @param shapeOf `[out, in, height, width]`
 */
export function chainOf<T>(convolutions: readonly T[], shapeOf: (convolution: T) => Shape): T[] {
  const chain: T[] = [], left = [...convolutions];
  for (let channels = 1; left.length > 0;) {
    const next = left.findIndex((convolution) => shapeOf(convolution)[1] === channels);
    if (next < 0) return [...convolutions];
    chain.push(...left.splice(next, 1));
    channels = shapeOf(chain.at(-1)!)[0];
  }
  return chain;
}

/** Names of the layers of `order` whose positions differ in `others`. */
export function disputedLayers(order: readonly Layer[], others: readonly (readonly Layer[])[]): string[] {
  return order.filter((layer, at) => others.some((other) => other[at] !== layer)).map(({ name }) => name);
}

/** The orders of `layers`, all Linear or all convolutions, that lead from `inputs` to `outputs`. */
function ordersOf(layers: readonly Layer[], inputs: number, outputs: number, hasOwnOrder: boolean): Layer[][] {
  const fits = (order: readonly Layer[]) => {
    const widths = [inputs, ...order.map(({ weight }) => weight.shape[0])];
    return widths.at(-1) === outputs && order.every(({ weight }, i) => weight.shape[1] === widths[i]);
  };
  if (layers.length > MAX_LAYERS) return fits(layers) ? [[...layers]] : [];
  if (hasOwnOrder && fits(layers) && followsNumbers(layers)) return [[...layers]];
  const later = new Map(layers.map((layer) => [layer, new Set(layers.filter((other) => comesLater(layer, other)))]));
  const byName = layers.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const numbered = allOrders(byName, inputs, outputs, (layer, other) => later.get(layer)!.has(other));
  const own = hasOwnOrder && fits(layers) ? [[...layers]] : [];
  if (own.length > 0 && numbered.length > 0) return [...own, numbered[0]];
  const orders = own.length > 0
    ? own
    : numbered.length > 0
    ? numbered
    : allOrders(byName, inputs, outputs, () => false);
  if (orders.length > MAX_ORDERS) throw tooMany(layers);
  return orders;
}

function tooMany(layers: readonly Layer[]): ModelFileError {
  const names = layers.map(({ name }) => quote(name)).join(", ");
  return new ModelFileError(
    `the layers ${
      names.length > 200 ? `${names.slice(0, 200)}…` : names
    } fit in more than ${MAX_ORDERS} orders, and neither ` +
      "their names nor their places in the file say which is right. Number their names in their order (fc1, fc2, …), or save " +
      "the model with torch.save(model.state_dict(), path)",
  );
}

/**
 * The orders of `layers` that lead from `inputs` to `outputs`, up to one more than `MAX_ORDERS`. Orders that keep the
 * order of `layers` come first.
 *
 * @param isLater whether the first of two layers cannot come before the second
 */
function allOrders(
  layers: readonly Layer[],
  inputs: number,
  outputs: number,
  isLater: (layer: Layer, other: Layer) => boolean,
): Layer[][] {
  if (!canFollow(layers, inputs, outputs)) return [];
  if (layers.length === 0) return [[]];
  const orders: Layer[][] = [];
  for (const layer of layers) {
    if (layer.weight.shape[1] !== inputs) continue;
    const rest = layers.filter((other) => other !== layer);
    if (rest.some((other) => isLater(layer, other))) continue;
    for (const order of allOrders(rest, layer.weight.shape[0], outputs, isLater)) {
      orders.push([layer, ...order]);
      if (orders.length > MAX_ORDERS) return orders;
    }
  }
  return orders;
}

/** Whether all `layers` fit together in some order that leads from `first` inputs to `last` outputs. */
function canFollow(layers: readonly Layer[], first: number, last: number): boolean {
  if (layers.length === 0) return first === last;
  // Layers are edges between widths. A path along all of them exists if as many lead into each width as out of it
  // (except at the ends) and all are connected.
  const surplus = new Map<number, number>([[last, 1]]);
  const add = (width: number, count: number) => surplus.set(width, (surplus.get(width) ?? 0) + count);
  add(first, -1);
  for (const { weight: { shape: [out, inputs] } } of layers) {
    add(inputs, 1);
    add(out, -1);
  }
  if ([...surplus.values()].some((count) => count !== 0)) return false;
  const reached = new Set([first]);
  let rest = [...layers];
  for (let before = -1; before !== rest.length;) {
    before = rest.length;
    rest = rest.filter(({ weight: { shape: [out, inputs] } }) => !reached.has(inputs) || (reached.add(out), false));
  }
  return rest.length === 0;
}

/** Whether numbers show that `layer` comes after `other`: apart from the numbers, their names are equal. */
function comesLater(layer: Layer, other: Layer): boolean {
  const skeleton = ({ name }: Layer) => name.replace(/\d+/g, "0");
  return skeleton(layer) === skeleton(other) && layer.name.localeCompare(other.name, "en", { numeric: true }) > 0;
}

function followsNumbers(order: readonly Layer[]): boolean {
  return order.every((layer, i) => order.slice(i + 1).every((other) => !comesLater(layer, other)));
}

/**
 * Whether the file was sorted by name, as a whole or separately for each type of number. A module's own order has the
 * weight of each layer before its bias, so it goes back in the alphabet once per layer.
 */
function isSortedByName(tensors: readonly NamedTensor[], layers: number): boolean {
  let steps = 0;
  for (let i = 1; i < tensors.length; i++) if (tensors[i - 1].name > tensors[i].name) steps++;
  return steps < layers;
}

/** Each weight with the bias after it; undefined if the file is ordered differently. */
function adjacentLayers(tensors: readonly NamedTensor[]): Layer[] | undefined {
  const layers: Layer[] = [];
  for (let i = 0; i < tensors.length; i += 2) {
    const weight = tensors[i], bias = tensors.at(i + 1);
    if (bias === undefined || weight.shape.length < 2 || bias.shape.length !== 1 || bias.shape[0] !== weight.shape[0]) {
      return undefined;
    }
    layers.push({ name: sharedName(weight.name, bias.name), weight, bias });
  }
  return layers;
}

/**
 * Pairs of weight and bias whose names begin in the same way, in the order of the weights; undefined if any tensor has
 * no partner.
 */
function layersByName(tensors: readonly NamedTensor[]): Layer[] | undefined {
  const beginnings = Map.groupBy(tensors, ({ name }) => beginningOf(name));
  const layers: Layer[] = [];
  for (const weight of tensors) {
    if (weight.shape.length < 2) continue;
    const name = beginningOf(weight.name), pair = beginnings.get(name)!;
    const bias = pair.find(({ shape }) => shape.length === 1);
    if (pair.length !== 2 || bias === undefined) return undefined;
    layers.push({ name, weight, bias });
  }
  return 2 * layers.length === tensors.length ? layers : undefined;
}

/** `fc1` of `fc1.weight`; empty for a name without a dot. */
function beginningOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function sharedName(weight: string, bias: string): string {
  const beginning = beginningOf(weight);
  return beginning !== "" && beginning === beginningOf(bias) ? beginning : weight;
}
