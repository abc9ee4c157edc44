/** Programs that have each kind of kernel, to tamper with. */
import { gradients } from "../../autodiff.ts";
import { apply, perStep, type Program, state, type Tensor, trace } from "../../graph.ts";
import * as ops from "../../ops/mod.ts";

/** A program whose only update is `result`. */
const programOf = (result: Tensor) => trace(() => ({ updates: { result } }));
const indices = (name: string, count: number) => state(name, [count], "i32");

/** `result` and its gradients with respect to some of its inputs. */
function withGradients(result: Tensor, parameters: Record<string, Tensor>): Program {
  return trace(() => {
    const slopes = gradients(ops.sum(ops.mul(result, state("weights", result.shape))), Object.values(parameters));
    const named = Object.keys(parameters).map((name, i) => [`d${name}`, slopes[i]]);
    return { updates: { result, ...Object.fromEntries(named) } };
  });
}

function convBlock(channels: number, filters: number, { kernel, padding } = { kernel: 3, padding: 1 }): Program {
  const x = state("x", [3, 8, 8, channels]), w = state("w", [kernel, kernel, channels, filters]);
  const b = state("b", [filters]), parameters: Record<string, Tensor> = channels === 1 ? { w, b } : { x, w, b };
  return withGradients(ops.maxPool2d(ops.relu(ops.add(ops.conv2d(x, w, { padding }), b))), parameters);
}

function sparseLayer(): Program {
  const images = ops.takeRows(state("table", [9, 40], "u8", { density: 0.2 }), indices("rows", 7));
  const w = state("w", [40, 48]);
  return withGradients(ops.matmul(images, w), { w });
}

const matrix = (name: string, rows: number, columns: number) => state(name, [rows, columns]);

/** By the names of their kernels. */
export const PROGRAMS: Readonly<Record<string, () => Program>> = {
  oneHot: () => programOf(ops.oneHot(indices("classes", 8), 10)),
  takeRows: () => programOf(ops.takeRows(state("table", [20, 33], "u8"), indices("rows", 8))),
  slice: () => programOf(ops.slice(indices("list", 40), perStep((step) => step, "i32"), 9)),
  argmax: () => programOf(ops.argmax(matrix("x", 16, 10))),
  matmul: () => programOf(ops.matmul(matrix("a", 16, 12), matrix("b", 12, 16))),
  add: () => programOf(ops.add(matrix("a", 32, 32), matrix("b", 32, 32))),
  sumRows: () => programOf(ops.sum(matrix("x", 20, 20), 1, 2)),
  sumColumns: () => programOf(ops.sum(matrix("x", 20, 64), 0, 1)),
  logSoftmax: () => programOf(ops.logSoftmax(matrix("x", 16, 16))),
  conv2d: () => programOf(ops.conv2d(state("x", [2, 8, 8, 2]), state("w", [3, 3, 2, 8]))),
  maxPool2d: () => programOf(ops.maxPool2d(state("x", [2, 8, 8, 16]))),
  dropoutMask: () => {
    const options = { shape: [16, 16], probability: 0.3, seed: 1, stream: 0 };
    return programOf(ops.dropoutMask(perStep((step) => step, "i32"), options));
  },
  subsample: () => programOf(ops.subsample(state("x", [2, 8, 8, 16]), 2)),
  flipKernels: () => programOf(apply(ops.flipKernelsOp, state("w", [3, 3, 8, 8]))),
  sparse: sparseLayer,
  pooled: () => convBlock(16, 32),
  pooledOdd: () => convBlock(8, 12, { kernel: 4, padding: 1 }),
  singleChannel: () => convBlock(1, 8),
  singleChannelUnpadded: () => convBlock(1, 12, { kernel: 5, padding: 0 }),
};
