/** Runs the lab's ONNX files in onnxruntime. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";

// One thread: more would start workers, and the models here are small.
env.wasm.numThreads = 1;

/** What onnxruntime found in a file, and what it computed. */
export interface OnnxRun {
  /** `[batch, 10]`. */
  logits: Float32Array;
  inputNames: readonly string[];
  outputNames: readonly string[];
}

/** Runs the model in `file`, which has one input and one output, on normalised images `[batch, 1, 28, 28]`. */
export async function runOnnx(file: Uint8Array, images: Float32Array): Promise<OnnxRun> {
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
