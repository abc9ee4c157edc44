/**
 * Test cases for every op. Each runs on every backend and is compared with the reference, and its gradient is compared
 * with finite differences.
 */
import type { Tensor } from "../graph.ts";
import type { DType, Shape } from "../shape.ts";
import * as ops from "./mod.ts";

/** An operand, filled with random numbers. */
export interface CaseInput {
  shape: Shape;
  /** @default "f32" */
  dtype?: DType;
  /**
   * Numbers are drawn uniformly from [min, max); for `i32` and `u8` they are whole numbers.
   * @default [-2, 2]
   */
  range?: readonly [min: number, max: number];
}

/** An op applied to operands of certain shapes. */
export interface OpCase {
  name: string;
  inputs: readonly CaseInput[];
  /** Applies the op. */
  build(...inputs: Tensor[]): Tensor;
  /**
   * How far a float32 backend may be from the reference.
   * @default { relative: 1e-5, absolute: 1e-6 }
   */
  tolerance?: { relative?: number; absolute?: number };
}

/**
 * Whether finite differences approximate the gradient. They do not if the op has a kink within the range of the inputs.
 */
export function isSmooth({ name }: OpCase): boolean {
  return !/^(relu of both signs|reluGrad)/.test(name);
}

/** Extents near those that kernels are built for: vectors of 4, tiles of 6, panels of 8, cache lines of 16. */
const AWKWARD = [1, 3, 7, 8, 9, 31, 33];

const positive = [0.1, 3] as const;
/** Avoids a kink at 0, where a finite difference does not approximate the gradient. */
const awayFromZero = [0.2, 2] as const;

function elementwise(): OpCase[] {
  const binary = { add: ops.add, sub: ops.sub, mul: ops.mul, div: ops.div };
  const cases: OpCase[] = [];
  for (const [name, op] of Object.entries(binary)) {
    const range = name === "div" ? positive : undefined;
    for (const n of [...AWKWARD, 100]) {
      cases.push({ name: `${name} [${n}]`, inputs: [{ shape: [n] }, { shape: [n], range }], build: op });
    }
    for (const [rows, columns] of [[1, 7], [3, 8], [5, 9], [33, 31], [4, 1]]) {
      const matrix = { shape: [rows, columns] };
      const at = `${name} [${rows}, ${columns}] with`;
      cases.push({ name: `${at} a row`, inputs: [matrix, { shape: [columns], range }], build: op });
      cases.push({ name: `${at} a column`, inputs: [matrix, { shape: [rows, 1], range }], build: op });
      cases.push({ name: `${at} a scalar`, inputs: [matrix, { shape: [], range }], build: op });
      cases.push({
        name: `a row ${name} a column, [${rows}, ${columns}]`,
        inputs: [{ shape: [columns] }, { shape: [rows, 1], range }],
        build: op,
      });
    }
  }
  for (const n of AWKWARD) {
    const x = { shape: [n, 3] };
    cases.push({ name: `neg [${n}, 3]`, inputs: [x], build: ops.neg });
    cases.push({ name: `exp [${n}, 3]`, inputs: [{ ...x, range: [-20, 20] }], build: ops.exp });
    cases.push({ name: `sqrt [${n}, 3]`, inputs: [{ ...x, range: positive }], build: ops.sqrt });
    cases.push({ name: `relu of positives [${n}, 3]`, inputs: [{ ...x, range: awayFromZero }], build: ops.relu });
    cases.push({ name: `relu of negatives [${n}, 3]`, inputs: [{ ...x, range: [-2, -0.2] }], build: ops.relu });
    cases.push({ name: `relu of both signs [${n}, 3]`, inputs: [x], build: ops.relu });
    cases.push({ name: `gelu [${n}, 3]`, inputs: [{ ...x, range: [-4, 4] }], build: ops.gelu });
    cases.push({ name: `sigmoid [${n}, 3]`, inputs: [{ ...x, range: [-6, 6] }], build: ops.sigmoid });
    cases.push({ name: `tanh [${n}, 3]`, inputs: [{ ...x, range: [-4, 4] }], build: ops.tanh });
    cases.push({ name: `reluGrad [${n}, 3]`, inputs: [x, x], build: ops.reluGrad });
    cases.push({
      name: `flushDenormals [${n}, 3]`,
      inputs: [{ ...x, range: [-4e-38, 4e-38] }],
      build: ops.flushDenormals,
      tolerance: { absolute: 1e-45 },
    });
  }
  return cases;
}

function shapes(): OpCase[] {
  const cases: OpCase[] = [];
  for (const n of AWKWARD) {
    const x = { shape: [n, 5, 3] };
    cases.push({ name: `sum of [${n}, 5, 3]`, inputs: [x], build: (x) => ops.sum(x) });
    cases.push({ name: `sum of [${n}, 5, 3] over the first axis`, inputs: [x], build: (x) => ops.sum(x, 0, 1) });
    cases.push({ name: `sum of [${n}, 5, 3] over the middle axis`, inputs: [x], build: (x) => ops.sum(x, 1, 2) });
    cases.push({
      name: `sum of [5, ${n}] over the last axis`,
      inputs: [{ shape: [5, n] }],
      build: (x) => ops.sum(x, 1, 2),
    });
    cases.push({
      name: `broadcast of [3, 1] to [2, 3, ${n}]`,
      inputs: [{ shape: [3, 1] }],
      build: (x) => ops.broadcast(x, [2, 3, n]),
    });
    cases.push({
      name: `broadcast of [${n}] to [2, 3, ${n}]`,
      inputs: [{ shape: [n] }],
      build: (x) => ops.broadcast(x, [2, 3, n]),
    });
    cases.push({ name: `reshape of [${n}, 5, 3]`, inputs: [x], build: (x) => ops.reshape(x, [15, n]) });
    cases.push({ name: `copy of [${n}, 5, 3]`, inputs: [x], build: ops.copy });
    cases.push({ name: `logSoftmax of [3, ${n}]`, inputs: [{ shape: [3, n] }], build: ops.logSoftmax });
    cases.push({
      name: `logSoftmax of [${n}, 10]`,
      inputs: [{ shape: [n, 10], range: [-30, 30] }],
      build: ops.logSoftmax,
    });
  }
  return cases;
}

function products(): OpCase[] {
  const cases: OpCase[] = [];
  const add = (m: number, k: number, n: number) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        cases.push({
          name: `matmul ${m}×${k}×${n}${transposeA ? ", A transposed" : ""}${transposeB ? ", B transposed" : ""}`,
          inputs: [{ shape: transposeA ? [k, m] : [m, k] }, { shape: transposeB ? [n, k] : [k, n] }],
          build: (a, b) => ops.matmul(a, b, { transposeA, transposeB }),
          tolerance: { absolute: 1e-5 },
        });
      }
    }
  };
  for (const m of AWKWARD) add(m, 9, 8);
  for (const k of AWKWARD) add(8, k, 9);
  for (const n of AWKWARD) add(7, 8, n);
  for (const m of [2, 4, 5, 6, 10, 11, 13]) add(m, 4, 3);
  return cases;
}

function indices(): OpCase[] {
  const cases: OpCase[] = [];
  for (const n of AWKWARD) {
    const classes: CaseInput = { shape: [n], dtype: "i32", range: [0, 10] };
    cases.push({ name: `oneHot of ${n}`, inputs: [classes], build: (x) => ops.oneHot(x, 10) });
    cases.push({ name: `argmax of [${n}, 10]`, inputs: [{ shape: [n, 10] }], build: ops.argmax });
    cases.push({ name: `argmax of [5, ${n}]`, inputs: [{ shape: [5, n] }], build: ops.argmax });
    cases.push({
      name: `slice of ${n}`,
      inputs: [{ shape: [40 + n], dtype: "i32", range: [0, 99] }, { shape: [], dtype: "i32", range: [0, 40] }],
      build: (x, start) => ops.slice(x, start, n),
    });
    for (const width of AWKWARD) {
      const table: CaseInput = { shape: [20, width], dtype: "u8", range: [0, 256] };
      const rows: CaseInput = { shape: [n], dtype: "i32", range: [0, 20] };
      cases.push({ name: `takeRows of ${n} × ${width}`, inputs: [table, rows], build: (x, i) => ops.takeRows(x, i) });
    }
    const labels: CaseInput = { shape: [20], dtype: "u8", range: [0, 10] };
    cases.push({
      name: `takeRows of ${n} labels`,
      inputs: [labels, { shape: [n], dtype: "i32", range: [0, 20] }],
      build: (x, i) => ops.takeRows(x, i, "i32"),
    });
    const step: CaseInput = { shape: [], dtype: "i32", range: [0, 1000] };
    for (const probability of [0, 0.3, 0.9]) {
      const options = { shape: [n, 5], probability, seed: 42, stream: 1 };
      cases.push({
        name: `dropoutMask [${n}, 5], p = ${probability}`,
        inputs: [step],
        build: (s) => ops.dropoutMask(s, options),
      });
    }
  }
  return cases;
}

function images(): OpCase[] {
  const cases: OpCase[] = [];
  const conv = (n: number, h: number, w: number, c: number, o: number, [kh, kw] = [3, 3], padding = 1, stride = 1) => {
    const kernel = `${kh}×${kw}${padding ? `, padding ${padding}` : ""}${stride > 1 ? `, stride ${stride}` : ""}`;
    cases.push({
      name: `conv2d of [${n}, ${h}, ${w}, ${c}] to ${o} by ${kernel}`,
      inputs: [{ shape: [n, h, w, c] }, { shape: [kh, kw, c, o] }],
      build: (x, k) => ops.conv2d(x, k, { padding, stride }),
      tolerance: { absolute: 2e-5 },
    });
  };
  for (const channels of AWKWARD) conv(2, 4, 5, channels, 8);
  for (const filters of AWKWARD) conv(2, 4, 5, 3, filters);
  for (const side of [1, 3, 7, 8, 9]) conv(1, side, side + 1, 1, 4);
  conv(3, 6, 7, 2, 5, [1, 1], 0);
  conv(3, 6, 7, 7, 5, [5, 3], 0);
  conv(1, 6, 7, 2, 5, [5, 5], 2);
  conv(2, 9, 8, 2, 3, [3, 3], 1, 2);
  conv(2, 9, 8, 7, 3, [3, 3], 0, 3);
  for (const c of AWKWARD) {
    for (const [n, h, w] of [[1, 2, 2], [2, 4, 6], [2, 5, 7], [1, 3, 4]]) {
      cases.push({
        name: `maxPool2d of [${n}, ${h}, ${w}, ${c}]`,
        inputs: [{ shape: [n, h, w, c] }],
        build: ops.maxPool2d,
      });
    }
    cases.push({ name: `flipKernels of [3, 2, ${c}, 5]`, inputs: [{ shape: [3, 2, c, 5] }], build: ops.flipKernels });
    cases.push({
      name: `subsample of [2, 5, 8, ${c}] by 3`,
      inputs: [{ shape: [2, 5, 8, c] }],
      build: (x) => ops.subsample(x, 3),
    });
  }
  return cases;
}

/** All cases. */
export const opCases: readonly OpCase[] = [...elementwise(), ...shapes(), ...products(), ...indices(), ...images()];
