/** Which model a file holds, told by the shapes of its tensors alone. */
import {
  CLASSES,
  CONV_CHANNELS,
  IMAGE_PIXELS,
  IMAGE_SIDE,
  type ModelSpec,
  type NamedTensor,
  parameterSpecs,
} from "../models/model_spec.ts";
import { arrangeTensors, CONV_FEATURES } from "./arrange_tensors.ts";
import { CheckpointError, quote } from "./errors.ts";

export interface RecognisedModel {
  modelType: ModelSpec["modelType"];
  hiddenLayers: number[];
  /** Whether the names are those of a module of this lab with dropout layers; shapes cannot tell. */
  namedWithDropout: boolean;
  /** In the order of `parameterSpecs`, under the names that the file gives them. */
  tensors: NamedTensor[];
}

/**
 * The model of this lab that `tensors` are the weights of. They are taken in their own order if that makes a model, else in
 * one that does: formats that sort by name put a bias before its weight.
 *
 * @throws CheckpointError that names the first tensor that does not fit and says what was expected in its place, or the first
 * that holds a number which is not finite
 */
export function recogniseModel(tensors: readonly NamedTensor[]): RecognisedModel {
  if (tensors.length === 0) throw new CheckpointError("the file holds no tensors");
  let layers = readLayers(tensors);
  const arranged = layers instanceof CheckpointError ? arrangeTensors(tensors) : tensors;
  if (layers instanceof CheckpointError && arranged !== undefined) layers = readLayers(arranged);
  if (layers instanceof CheckpointError) throw layers;
  requireFinite(tensors);
  const ordered = [...arranged!];
  return { ...layers, namedWithDropout: isNamedWithDropout(ordered, layers), tensors: ordered };
}

type Layers = Pick<RecognisedModel, "modelType" | "hiddenLayers">;

/** The layers of `tensors` in their order, or what is wrong with the first that does not fit. */
function readLayers(tensors: readonly NamedTensor[]): Layers | CheckpointError {
  const modelType = tensors[0].shape.length === 4 ? "ConvNN" : "SimpleNN";
  let at = 0;
  const expect = (shape: readonly (number | "out")[], why: string): CheckpointError | undefined => {
    const found = tensors.at(at++);
    if (found === undefined) {
      return new CheckpointError(`tensor ${at} is missing: expected [${shape.join(", ")}], ${why}`);
    }
    const fits = found.shape.length === shape.length &&
      shape.every((size, d) => size === "out" ? found.shape[d] > 0 : size === found.shape[d]);
    if (fits) return undefined;
    return new CheckpointError(
      `tensor ${at}, ${quote(found.name)}, has shape [${found.shape.join(", ")}]; ` +
        `expected [${shape.join(", ")}], ${why}`,
    );
  };

  let channels = 1;
  if (modelType === "ConvNN") {
    for (const out of CONV_CHANNELS) {
      const fault = expect([out, channels, 3, 3], "the kernels of a convolution of ConvNN") ??
        expect([out], `the bias of the convolution before it`);
      if (fault) return fault;
      channels = out;
    }
  }

  const widths: number[] = [];
  let features = modelType === "ConvNN" ? CONV_FEATURES : IMAGE_PIXELS;
  let source = modelType === "ConvNN"
    ? `${channels} channels of ${IMAGE_SIDE / 4} × ${IMAGE_SIDE / 4} pixels`
    : `${IMAGE_SIDE} × ${IMAGE_SIDE} pixels`;
  do {
    const fault = expect(["out", features], `the weight of a Linear layer that reads ${source}`);
    if (fault) return fault;
    const { name, shape: [out] } = tensors[at - 1];
    const biasFault = expect([out], `the bias of the Linear layer ${quote(name)}`);
    if (biasFault) return biasFault;
    widths.push(out);
    features = out;
    source = `the ${out} outputs of ${quote(name)}`;
  } while (at < tensors.length);

  const last = tensors[at - 2];
  if (widths.at(-1) !== CLASSES) {
    return new CheckpointError(
      `the last layer, ${quote(last.name)}, has ${widths.at(-1)} outputs; expected ${CLASSES}, one for each digit`,
    );
  }
  return { modelType, hiddenLayers: widths.slice(0, -1) };
}

function requireFinite(tensors: readonly NamedTensor[]): void {
  for (const { name, data } of tensors) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new CheckpointError(
      `tensor ${quote(name)} holds ${data[at]} at place ${at}: such weights cannot tell digits apart; ` +
        "the training went wrong, or the numbers are too large for their format",
    );
  }
}

function isNamedWithDropout(tensors: readonly NamedTensor[], layers: Layers): boolean {
  if (layers.hiddenLayers.length === 0) return false;
  return parameterSpecs({ ...layers, dropout: 0 }).every(({ name }, i) => name === tensors[i].name);
}
