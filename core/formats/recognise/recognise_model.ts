/** Recognises the model in a file by the shapes of its tensors alone. */
import {
  type Activation,
  type Convolutions,
  DEFAULT_CONVOLUTIONS,
  MODEL_TYPES,
  type ModelType,
} from "../../models/families.ts";
import {
  CLASSES,
  layersOf,
  type ModelSpec,
  type NamedTensor,
  parameterSpecs,
  type PlacedLayer,
} from "../../models/spec.ts";
import type { Shape } from "../../shape.ts";
import { ModelFileError, quote } from "../errors.ts";
import { chainOf, disputedLayers, type Layer, layerOrders, MAX_CONVOLUTIONS } from "./layer_orders.ts";

/** A model, as far as its tensors reveal it. */
export interface RecognisedModel {
  modelType: ModelType;
  hiddenLayers: number[];
  /** Of a ConvNN. */
  convolutions?: Convolutions;
  /** Weights do not reveal it, so it is only known if somebody says it. */
  activation?: Activation;
  /** Whether the names are those that this lab uses for a model with dropout layers, which shapes do not show. */
  namedWithDropout: boolean;
  /** In the order of `parameterSpecs`, under their names in the file. */
  tensors: NamedTensor[];
  /**
   * Names of the layers that could also be in another order, in the order assumed here; empty if there is no ambiguity.
   */
  assumedOrder: string[];
}

const MAX_LISTED = 160;

/**
 * The model of this lab that has the weights `tensors`, in each possible order of its layers, the most likely first
 * (see `layerOrders`). Only digits can tell which order is right.
 *
 * @throws {ModelFileError} that names the first tensor that does not fit the most similar family and says what was
 * expected in its place, or the first tensor with a number that is not finite
 */
export function recogniseModel(tensors: readonly NamedTensor[]): RecognisedModel[] {
  if (tensors.length === 0) throw new ModelFileError("the file holds no tensors");
  let closest: Misfit | undefined;
  for (const modelType of MODEL_TYPES) {
    for (const features of modelType === "ConvNN" ? convolutionsIn(tensors) : [{ modelType }]) {
      const read = readAs(features, tensors);
      if (!(read instanceof Misfit)) {
        requireFinite(tensors);
        return read;
      }
      if (closest === undefined || read.likeness > closest.likeness) closest = read;
    }
  }
  throw new ModelFileError(`${closest!.message}. The file holds ${list(tensors)}`);
}

/** Names and shapes for a message, as many as fit. */
function list(tensors: readonly NamedTensor[]): string {
  const texts = tensors.map(({ name, shape }) => `${quote(name.slice(0, 30))} [${shape.join(", ")}]`);
  let text = texts[0].slice(0, MAX_LISTED), listed = 1;
  while (listed < texts.length && text.length + texts[listed].length < MAX_LISTED) text += `, ${texts[listed++]}`;
  return listed < texts.length ? `${text} and ${texts.length - listed} more` : text;
}

/** A family, and the convolutions of a ConvNN. */
type Features = Pick<ModelSpec, "modelType" | "convolutions">;

/**
 * What the convolutions among the tensors may be, with both paddings, which only the layer after them tells. Each reads
 * the channels of the one before, in whatever order the file has them.
 */
function convolutionsIn(tensors: readonly NamedTensor[]): Features[] {
  const shapes = chainOf(tensors.map(({ shape }) => shape).filter((shape) => shape.length === 4), (shape) => shape);
  const isTaken = (shape: Shape, i: number) => shape[1] === (shapes[i - 1]?.[0] ?? 1) && isKernel(shape);
  if (shapes.length === 0 || shapes.length > MAX_CONVOLUTIONS || !shapes.every(isTaken)) {
    return [{ modelType: "ConvNN", convolutions: DEFAULT_CONVOLUTIONS }];
  }
  const channels = shapes.map(([out]) => out), kernels = shapes.map(([, , side]) => side);
  return (["same", "valid"] as const).map((padding) => (
    { modelType: "ConvNN", convolutions: { channels, kernels, padding } }
  ));
}

/** `features` with the convolutions among `layers`, if convolutions here can be like them. */
function inOrder(features: Features, layers: readonly Layer[]): Features {
  const shapes = layers.map(({ weight }) => weight.shape).filter((shape) => shape.length === 4);
  if (features.convolutions?.channels.length !== shapes.length || !shapes.every(isKernel)) return features;
  const channels = shapes.map(([out]) => out), kernels = shapes.map(([, , side]) => side);
  return { ...features, convolutions: { ...features.convolutions, channels, kernels } };
}

/** Number of inputs of the first Linear layer; 0 if the convolutions leave no pixel. */
function featuresOf(features: Features): number {
  const { input, output } = flattenOf(features);
  return input.every((size) => size > 0) ? output[0] : 0;
}

function isKernel([, , height, width]: Shape): boolean {
  return height === width && (height === 3 || height === 5);
}

/** Why tensors do not fit a family. */
class Misfit {
  /**
   * @param likeness the number of tensors before the first that does not fit, plus a half if that tensor has the right
   * number of dimensions
   */
  constructor(readonly message: string, readonly likeness: number) {}
}

function readAs(features: Features, tensors: readonly NamedTensor[]): RecognisedModel[] | Misfit {
  const own = featuresOf(features) > 0 ? readWidths(features, tensors) : new Misfit("no pixel is left", -1);
  const orders = layerOrders(tensors, (convolutions) => featuresOf(inOrder(features, convolutions)));
  const models = orders.flatMap((layers) => {
    const arranged = layers.flatMap(({ weight, bias }) => [weight, bias]), ordered = inOrder(features, layers);
    const widths = readWidths(ordered, arranged);
    if (widths instanceof Misfit) return [];
    const assumedOrder = disputedLayers(layers, orders);
    return [recognised(ordered, widths, arranged, assumedOrder)];
  });
  if (models.length > 0) return models;
  return own instanceof Misfit ? own : [recognised(features, own, tensors, [])];
}

function recognised(
  features: Features,
  hiddenLayers: number[],
  tensors: readonly NamedTensor[],
  assumedOrder: string[],
): RecognisedModel {
  // Wrappers that compile, or train on several devices, put their own name before all others.
  const names = tensors.map(({ name }) => name.replace(/^((module|model|_orig_mod)\.)+/, ""));
  const namedWithDropout = hiddenLayers.length > 0 &&
    parameterSpecs({ ...features, hiddenLayers, dropout: 0 }).every(({ name }, i) => name === names[i]);
  return { ...features, hiddenLayers, namedWithDropout, tensors: [...tensors], assumedOrder };
}

/** The widths of the hidden layers of `tensors` in their order, or what is wrong with the first that does not fit. */
function readWidths(features: Features, tensors: readonly NamedTensor[]): number[] | Misfit {
  let at = 0;
  const expect = (shape: readonly (number | "out")[], why: string): Misfit | undefined => {
    const fitting = at;
    const found = tensors.at(at++);
    if (found === undefined) {
      return new Misfit(`tensor ${at} is missing: expected [${shape.join(", ")}], ${why}`, fitting);
    }
    const isOfSameRank = found.shape.length === shape.length;
    if (isOfSameRank && shape.every((size, d) => size === "out" ? found.shape[d] > 0 : size === found.shape[d])) {
      return undefined;
    }
    return new Misfit(
      `tensor ${at}, ${quote(found.name)}, has shape [${found.shape.join(", ")}]; ` +
        `expected [${shape.join(", ")}], ${why}`,
      fitting + (isOfSameRank ? 0.5 : 0),
    );
  };

  for (const { name, shape } of parameterSpecs({ ...features, hiddenLayers: [] }).slice(0, -2)) {
    const misfit = name.endsWith(".weight")
      ? expect(shape, `the kernels of a convolution of ${features.modelType}`)
      : expect(shape, "the bias of the convolution before it");
    if (misfit) return misfit;
  }

  const widths: number[] = [];
  const { input: [height, width, channels], output } = flattenOf(features);
  let [inputs] = output;
  let source = `${channels === 1 ? "" : `${channels} channels of `}${height} × ${width} pixels`;
  do {
    const misfit = expect(["out", inputs], `the weight of a Linear layer that reads ${source}`);
    if (misfit) return misfit;
    const { name, shape: [out] } = tensors[at - 1];
    const biasMisfit = expect([out], `the bias of the Linear layer ${quote(name)}`);
    if (biasMisfit) return biasMisfit;
    widths.push(out);
    inputs = out;
    source = `the ${out} outputs of ${quote(name)}`;
  } while (at < tensors.length);

  if (inputs !== CLASSES) {
    const last = quote(tensors[at - 2].name);
    return new Misfit(`the last layer, ${last}, has ${inputs} outputs; expected ${CLASSES}, one for each digit`, at);
  }
  return widths.slice(0, -1);
}

function flattenOf(features: Features): PlacedLayer {
  return layersOf({ ...features, hiddenLayers: [] }).find(({ kind }) => kind === "flatten")!;
}

function requireFinite(tensors: readonly NamedTensor[]): void {
  for (const { name, data } of tensors) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new ModelFileError(
      `tensor ${quote(name)} holds ${data[at]} at index ${at}: the training diverged, ` +
        "or the numbers are too large for their format",
    );
  }
}
