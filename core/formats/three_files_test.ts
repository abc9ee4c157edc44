/** PyTorch, this lab and onnxruntime must compute the same logits, each from its own file of a model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { MODEL_TYPES } from "../models/families.ts";
import { describeNetwork, type ModelSpec } from "../models/spec.ts";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { firstDigits, mnist } from "../testing/mnist.ts";
import { findPyTorch } from "../testing/pytorch.ts";
import { initialWeights } from "../testing/pytorch_fixtures.ts";
import { openPredictor } from "../training/predictor.ts";
import { writeOnnx } from "./onnx/writer.ts";
import { writePth } from "./pth/writer.ts";
import { specFromMetadata } from "./recognise/known_model.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("../../scripts/fixtures/logits_of_pth.py"));
const DIGITS = 20;
const TOLERANCE = { relative: 0, absolute: 1e-4 };

const SPECS: ModelSpec[] = [
  ...MODEL_TYPES.flatMap((modelType): ModelSpec[] => [
    { modelType, hiddenLayers: [] },
    { modelType, hiddenLayers: [24, 16], dropout: 0.3 },
  ]),
  {
    modelType: "ConvNN",
    hiddenLayers: [9],
    activation: "tanh",
    convolutions: { channels: [6, 16], kernels: [5, 5], padding: "valid" },
  },
  {
    modelType: "ConvNN",
    hiddenLayers: [],
    activation: "gelu",
    convolutions: { channels: [3, 4, 5], kernels: [3, 5, 3], padding: "same" },
  },
  { modelType: "SimpleNN", hiddenLayers: [20], activation: "sigmoid" },
];

/** The fields of a record that describe `spec`. */
function fieldsOf({ modelType, hiddenLayers, activation, convolutions, dropout }: ModelSpec) {
  const { channels: conv_channels, kernels: conv_kernels, padding: conv_padding } = convolutions ?? {};
  const network = { model_type: modelType, hidden_layers_config: hiddenLayers, activation };
  const training = { use_dropout: dropout !== undefined, dropout_p: dropout ?? 0.3 };
  return { ...network, ...training, conv_channels, conv_kernels, conv_padding };
}

const python = await findPyTorch();
const pixels = firstDigits(mnist().test, DIGITS).images;
const images = Float32Array.from(pixels, (pixel) => (pixel / 255 - 0.1307) / 0.3081);

// One thread: more would start workers, and the models here are small.
env.wasm.numThreads = 1;

/** What onnxruntime found in a file, and what it computed. */
interface OnnxRun {
  /** `[batch, 10]`. */
  logits: Float32Array;
  inputNames: readonly string[];
  outputNames: readonly string[];
}

/** Runs the model in `file`, which has one input and one output, on normalised images `[batch, 1, 28, 28]`. */
async function runOnnx(file: Uint8Array, images: Float32Array): Promise<OnnxRun> {
  const session = await InferenceSession.create(file);
  try {
    const { inputNames, outputNames } = session;
    const shape = [images.length / 784, 1, 28, 28];
    const outputs = await session.run({ [inputNames[0]]: new Tensor("float32", images, shape) });
    return { logits: outputs[outputNames[0]].data as Float32Array, inputNames, outputNames };
  } finally {
    await session.release();
  }
}

/** The metadata, as the services write it with the weights. */
function metadataOf(spec: ModelSpec): Record<string, string> {
  const fields = Object.entries(fieldsOf(spec)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

async function logitsHere(safetensors: Uint8Array): Promise<Float32Array> {
  const { tensors, metadata } = readSafetensors(safetensors);
  const predictor = await openPredictor(specFromMetadata(metadata), tensors, { batch: DIGITS });
  try {
    await predictor.predict(pixels);
    return await predictor.logits();
  } finally {
    predictor.close();
  }
}

/** The logits of each of `SPECS`, all in one run of Python. */
async function logitsInPyTorch(): Promise<number[][]> {
  const folder = await Deno.makeTempDir();
  try {
    const digits = join(folder, "pixels");
    await Deno.writeFile(digits, pixels);
    const args = [SCRIPT, digits];
    for (const [i, spec] of SPECS.entries()) {
      const model = join(folder, `model${i}.pth`);
      await Deno.writeFile(model, writePth(initialWeights(spec), "model"));
      args.push(model, JSON.stringify(fieldsOf(spec)));
    }
    const { success, stdout, stderr } = await new Deno.Command(python!, { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)).map((logits: number[][]) => logits.flat());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let inPyTorch: Promise<number[][]> | undefined;

for (const [i, spec] of SPECS.entries()) {
  const name = `${describeNetwork(spec)}${spec.dropout === undefined ? "" : ", dropout"}`;
  const weights = initialWeights(spec);

  Deno.test(`${name}: onnxruntime with model.onnx agrees with this lab with model.safetensors`, async () => {
    const { logits, inputNames, outputNames } = await runOnnx(writeOnnx(spec, weights, metadataOf(spec)), images);
    assert.deepEqual([inputNames, outputNames], [["images"], ["logits"]]);
    const ours = await logitsHere(writeSafetensors(weights, metadataOf(spec)));
    assertAllClose(logits, ours, TOLERANCE, "logits");
    assert.ok(ours.some((logit) => Math.abs(logit) > 0.01), "the logits are not all zero");
  });

  Deno.test({
    name: `${name}: PyTorch with model.pth agrees with onnxruntime with model.onnx`,
    ignore: python === undefined,
    async fn() {
      const { logits } = await runOnnx(writeOnnx(spec, weights, {}), images);
      inPyTorch ??= logitsInPyTorch();
      assertAllClose(logits, (await inPyTorch)[i], TOLERANCE, "logits");
    },
  });
}

Deno.test("a model.onnx accepts any batch size", async () => {
  const file = writeOnnx(SPECS[2], initialWeights(SPECS[2]), {});
  const { logits } = await runOnnx(file, images);
  const one = await runOnnx(file, images.subarray(0, 784));
  assertAllClose(one.logits, logits.subarray(0, 10), TOLERANCE, "logits");
});
