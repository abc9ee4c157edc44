/** Writes a model as an ONNX file, which onnxruntime and many other programs can run. */
import type { Activation } from "../../models/families.ts";
import { CLASSES, IMAGE_SIDE, layersOf, type ModelSpec, type NamedTensor } from "../../models/spec.ts";
import { adoptTensors } from "../recognise/known_model.ts";
import { graph, model, node, type ProtobufWriter, tensor, valueInfo } from "./messages.ts";

/** The version is that of this writer. Increase it whenever the same model gives a different file. */
const PRODUCER = { name: "MNIST Lab", version: "1" };

/** Name of the file's input. */
export const ONNX_INPUT = "images";
/** Name of the file's output. */
export const ONNX_OUTPUT = "logits";

const INPUT_TEXT = "Grey images, ink 255 on paper 0, normalised as (x / 255 - 0.1307) / 0.3081";
const OUTPUT_TEXT = "One number for each digit; softmax makes probabilities of them";

/**
 * The whole network, from `images` `[batch, 1, 28, 28]` (float32, normalised) to `logits` `[batch, 10]`, for any batch,
 * in operator set 17, or 20 for `gelu`. Dropout layers are left out, because they do nothing outside training. Initializers are named as
 * in a state dict. `metadata` becomes `metadata_props`.
 *
 * @throws {ModelFileError} for weights that do not fit `spec`
 */
export function writeOnnx(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  return fileOf(spec, weights, metadata).finish();
}

/** The length of that file in bytes, without making it. Of the weights, only the shapes matter. */
export function onnxLength(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): number {
  return fileOf(spec, weights, metadata).length;
}

function fileOf(
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): ProtobufWriter {
  const parameters = adoptTensors(weights, spec);
  const network = graph({
    name: spec.modelType,
    nodes: nodesOf(spec),
    initializers: parameters.map(tensor),
    inputs: [valueInfo(ONNX_INPUT, ["batch", 1, IMAGE_SIDE, IMAGE_SIDE], INPUT_TEXT)],
    outputs: [valueInfo(ONNX_OUTPUT, ["batch", CLASSES], OUTPUT_TEXT)],
  });
  return model({ producer: PRODUCER, metadata, graph: network, operatorSet: spec.activation === "gelu" ? 20 : 17 });
}

const ACTIVATIONS: Record<Activation, { operator: string; attributes?: Record<string, string> }> = {
  relu: { operator: "Relu" },
  gelu: { operator: "Gelu", attributes: { approximate: "tanh" } },
  tanh: { operator: "Tanh" },
  sigmoid: { operator: "Sigmoid" },
};

/** The operators in the order of the network; each reads the output of the previous one. */
function nodesOf(spec: ModelSpec): ProtobufWriter[] {
  const nodes: ProtobufWriter[] = [];
  const layers = layersOf(spec);
  let last = ONNX_INPUT, weighted = "";
  const add = (operator: string, name: string, parameters: string[] = [], attributes = {}) => {
    nodes.push(node({ operator, name, inputs: [last, ...parameters], attributes }));
    last = name;
  };
  for (const layer of layers) {
    const parameters = [`${layer.name}.weight`, `${layer.name}.bias`];
    switch (layer.kind) {
      case "conv": {
        weighted = layer.name;
        const { kernel, padding } = layer;
        const pads = [padding, padding, padding, padding];
        add("Conv", weighted, parameters, { kernel_shape: [kernel, kernel], pads, strides: [1, 1] });
        break;
      }
      case "activation": {
        const { operator, attributes } = ACTIVATIONS[layer.activation];
        add(operator, `${weighted}.${layer.activation}`, [], attributes);
        break;
      }
      case "maxPool":
        add("MaxPool", `${weighted}.pool`, [], { kernel_shape: [2, 2], strides: [2, 2] });
        break;
      case "flatten":
        add("Flatten", layer.name, [], { axis: 1 });
        break;
      case "linear":
        weighted = layer.name;
        add("Gemm", layer === layers.at(-1) ? ONNX_OUTPUT : weighted, parameters, { transB: 1 });
        break;
      case "dropout":
        break;
      default:
        layer satisfies never;
    }
  }
  return nodes;
}
