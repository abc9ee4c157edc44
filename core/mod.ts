/**
 * The engine's public API: tensors, automatic differentiation, the lab's models and the file formats they are stored
 * in. The same code runs in Deno, in workers and in pages, on WebAssembly SIMD, on WebGPU or in plain loops.
 *
 * **Programs.** There is no eager mode. `trace` runs ordinary code once, over tensors that have a shape but no numbers,
 * and keeps the graph. A backend compiles the graph, and a session runs it in steps. Values that live across steps are
 * _state_. State has a name: programs of one session that use the same name share it, and the host can read and write
 * it between runs.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { add, backendFor, constant, gradients, mul, state, sub, sum, trace } from "./mod.ts";
 *
 * // Gradient descent on (w − 3)² + (w − 5)², whose minimum is at 4.
 * const step = trace(() => {
 *   const w = state("w", []);
 *   const square = (target: number) => mul(sub(w, constant(target)), sub(w, constant(target)));
 *   const loss = sum(add(square(3), square(5)));
 *   const [slope] = gradients(loss, [w]);
 *   return { updates: { w: sub(w, mul(slope, constant(0.1))) }, outputs: { loss } };
 * });
 *
 * const session = await backendFor("wasm").open({ step });
 * const { loss } = await session.run("step", 0, 50); // 50 steps, 50 losses
 * const [w] = await session.read("w");
 * session.close();
 *
 * assert.ok(Math.abs(w - 4) < 1e-3 && Math.abs(loss[49] - 2) < 1e-3);
 * ```
 *
 * **Models.** `openTrainer` trains one of the lab's models, and `openPredictor` runs a trained one. `parseImages` and
 * `parseLabels` read MNIST's files, and `prepareDrawing` turns a picture into the 28×28 pixels that a model reads.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { type DigitSet, type ModelSpec, openPredictor, openTrainer, readPth, writePth } from "./mod.ts";
 *
 * // A stripe for each of the ten classes instead of real digits.
 * const stripes: DigitSet = { count: 10, images: new Uint8Array(10 * 784), labels: new Uint8Array(10) };
 * for (let label = 0; label < 10; label++) {
 *   stripes.images.fill(255, label * 784 + label * 78, label * 784 + label * 78 + 78);
 *   stripes.labels[label] = label;
 * }
 *
 * const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [32] };
 * const trainer = await openTrainer({
 *   spec,
 *   optimizer: "Adam",
 *   learningRate: 0.01,
 *   batchSize: 10,
 *   epochs: 30,
 *   seed: 1,
 *   dataset: { train: stripes, test: stripes },
 *   device: "wasm",
 * });
 * while (trainer.step < trainer.totalSteps) await trainer.run(100);
 * const file = writePth(await trainer.weights(), "stripes"); // a state dict for PyTorch
 * trainer.close();
 *
 * const predictor = await openPredictor(spec, readPth(file));
 * const probabilities = await predictor.predict(stripes.images.subarray(3 * 784, 4 * 784));
 * predictor.close();
 *
 * assert.equal(probabilities.indexOf(Math.max(...probabilities)), 3);
 * ```
 *
 * Longer examples are in `core/examples/`; `docs/adding_an_op.md` explains how to add an op.
 *
 * @module
 */

// Programs: trace, differentiate, compile, run.
export { gradients } from "./autodiff.ts";
export { backendFor, type BackendOptions, type DeviceName } from "./backends/open.ts";
export {
  constant,
  perStep,
  type Program,
  state,
  type StateHints,
  type Tensor,
  trace,
  type TracedResult,
} from "./graph.ts";
export type { Backend, Numbers, Session } from "./session.ts";
export { type DType, type Shape, ShapeError, type TensorType } from "./shape.ts";

// Ops.
export {
  add,
  argmax,
  broadcast,
  conv2d,
  type Conv2dOptions,
  div,
  exp,
  gelu,
  logSoftmax,
  matmul,
  type MatmulOptions,
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

// Models: digits in, training, prediction.
export { BlankDrawingError, prepareDrawing, type Raster } from "./mnist/drawing/prepare_drawing.ts";
export { type Dataset, type DigitSet, IdxError, parseImages, parseLabels } from "./mnist/idx.ts";
export { type ModelSpec, type NamedTensor, type ParameterSpec, parameterSpecs } from "./models/spec.ts";
export { type OptimizerName, type Parameter, type Updates, updatesOf } from "./training/optimizers.ts";
export { openPredictor, type Predictor, type PredictorOptions } from "./training/predictor.ts";
export { openTrainer, type Trainer, type TrainerOptions } from "./training/trainer.ts";
export type { TrainingState } from "./training/training_state.ts";

// Model files.
export { ModelFileError } from "./formats/errors.ts";
export { writeOnnx } from "./formats/onnx/writer.ts";
export { readPth } from "./formats/pth/reader.ts";
export { writePth } from "./formats/pth/writer.ts";
export { readSafetensors, writeSafetensors } from "./formats/safetensors.ts";
