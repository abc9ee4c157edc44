/**
 * The tensor core by itself: programs over tensors are traced once, differentiated, compiled, and run in steps on
 * WebAssembly SIMD, on WebGPU, or in plain loops. The same code runs in Deno and in pages.
 *
 * ```ts
 * import { add, backendFor, constant, gradients, mul, state, sub, sum, trace } from "./mod.ts";
 *
 * // Gradient descent on (w − 3)² + (w − 5)², whose least value is at 4.
 * const step = trace(() => {
 *   const w = state("w", []);
 *   const square = (target: number) => mul(sub(w, constant(target)), sub(w, constant(target)));
 *   const loss = sum(add(square(3), square(5)));
 *   const [slope] = gradients(loss, [w]);
 *   return { updates: { w: sub(w, mul(slope, constant(0.1))) }, outputs: { loss } };
 * });
 * const session = await backendFor("wasm").open({ step });
 * const { loss } = await session.run("step", 0, 50);
 * console.assert(Math.abs((await session.read("w"))[0] - 4) < 1e-3 && Math.abs(loss[49] - 2) < 1e-3);
 * session.close();
 * ```
 *
 * @module
 */
export { gradients } from "./autodiff.ts";
export { backendFor, type BackendOptions, type DeviceName } from "./backends/open.ts";
export { ModelFileError } from "./formats/errors.ts";
export { readPth } from "./formats/pth/reader.ts";
export { writePth } from "./formats/pth/writer.ts";
export { writeOnnx } from "./formats/onnx/writer.ts";
export { readSafetensors, writeSafetensors } from "./formats/safetensors.ts";
export { constant, perStep, type Program, state, type Tensor, trace } from "./graph.ts";
export { BlankDrawingError, prepareDrawing, type Raster } from "./mnist/drawing/drawing.ts";
export { type Dataset, type DigitSet, IdxError, parseImages, parseLabels } from "./mnist/idx.ts";
export { type ModelSpec, type NamedTensor, type ParameterSpec, parameterSpecs } from "./models/spec.ts";
export { type OptimizerName, type Updates, updatesOf } from "./training/optimizers.ts";
export { openPredictor, type Predictor, type PredictorOptions } from "./training/predictor.ts";
export { openTrainer, type Trainer, type TrainerOptions } from "./training/trainer.ts";
export {
  add,
  argmax,
  broadcast,
  conv2d,
  div,
  exp,
  gelu,
  logSoftmax,
  matmul,
  maxPool2d,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  slice,
  sqrt,
  sub,
  sum,
  takeRows,
} from "./ops/mod.ts";
export type { Numbers, Session } from "./session.ts";
export { ShapeError } from "./shape.ts";
