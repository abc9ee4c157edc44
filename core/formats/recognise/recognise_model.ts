/** Recognises the model in a file by the shapes of its tensors alone. */
import { MODEL_TYPES, type ModelType } from "../../models/families.ts";
import { CLASSES, layersOf, type NamedTensor, parameterSpecs, type PlacedLayer } from "../../models/spec.ts";
import { arrangeTensors } from "./arrange_tensors.ts";
import { ModelFileError, quote } from "../errors.ts";

/** A model as its tensors reveal it. */
export interface RecognisedModel {
  modelType: ModelType;
  hiddenLayers: number[];
  /** Whether the names are this lab's for a model with dropout layers, which shapes do not show. */
  namedWithDropout: boolean;
  /** In the order of `parameterSpecs`, under their names in the file. */
  tensors: NamedTensor[];
}

/**
 * The model of this lab whose weights `tensors` are. If their own order makes no model, another is tried: formats that sort by
 * name put a bias before its weight.
 *
 * @throws {ModelFileError} that names the first tensor that does not fit the most similar family and says what was expected
 * in its place, or the first tensor with a number that is not finite
 */
export function recogniseModel(tensors: readonly NamedTensor[]): RecognisedModel {
  if (tensors.length === 0) throw new ModelFileError("the file holds no tensors");
  let closest: Misfit | undefined;
  for (const modelType of MODEL_TYPES) {
    const read = readAs(modelType, tensors);
    if (!(read instanceof Misfit)) {
      requireFinite(tensors);
      return read;
    }
    if (closest === undefined || read.likeness > closest.likeness) closest = read;
  }
  throw new ModelFileError(closest!.message);
}

/** Why tensors do not fit a family. */
class Misfit {
  /** @param likeness how many tensors fit before the one that does not, and a half if that one has as many dimensions */
  constructor(readonly message: string, readonly likeness: number) {}
}

function readAs(modelType: ModelType, tensors: readonly NamedTensor[]): RecognisedModel | Misfit {
  const own = readWidths(modelType, tensors);
  if (!(own instanceof Misfit)) return recognised(modelType, own, tensors);
  const arranged = arrangeTensors(tensors, flattenOf(modelType).output[0]);
  if (arranged === undefined) return own;
  const widths = readWidths(modelType, arranged);
  return widths instanceof Misfit ? widths : recognised(modelType, widths, arranged);
}

function recognised(
  modelType: ModelType,
  hiddenLayers: number[],
  tensors: readonly NamedTensor[],
): RecognisedModel {
  const namedWithDropout = hiddenLayers.length > 0 &&
    parameterSpecs({ modelType, hiddenLayers, dropout: 0 }).every(({ name }, i) => name === tensors[i].name);
  return { modelType, hiddenLayers, namedWithDropout, tensors: [...tensors] };
}

/** The widths of the hidden layers of `tensors` in their order, or what is wrong with the first that does not fit. */
function readWidths(modelType: ModelType, tensors: readonly NamedTensor[]): number[] | Misfit {
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

  for (const { name, shape } of parameterSpecs({ modelType, hiddenLayers: [] }).slice(0, -2)) {
    const misfit = name.endsWith(".weight")
      ? expect(shape, `the kernels of a convolution of ${modelType}`)
      : expect(shape, "the bias of the convolution before it");
    if (misfit) return misfit;
  }

  const widths: number[] = [];
  const { input: [height, width, channels], output } = flattenOf(modelType);
  let [features] = output;
  let source = `${channels === 1 ? "" : `${channels} channels of `}${height} × ${width} pixels`;
  do {
    const misfit = expect(["out", features], `the weight of a Linear layer that reads ${source}`);
    if (misfit) return misfit;
    const { name, shape: [out] } = tensors[at - 1];
    const biasMisfit = expect([out], `the bias of the Linear layer ${quote(name)}`);
    if (biasMisfit) return biasMisfit;
    widths.push(out);
    features = out;
    source = `the ${out} outputs of ${quote(name)}`;
  } while (at < tensors.length);

  if (features !== CLASSES) {
    const last = quote(tensors[at - 2].name);
    return new Misfit(`the last layer, ${last}, has ${features} outputs; expected ${CLASSES}, one for each digit`, at);
  }
  return widths.slice(0, -1);
}

function flattenOf(modelType: ModelType): PlacedLayer {
  return layersOf({ modelType, hiddenLayers: [] }).find(({ kind }) => kind === "flatten")!;
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
