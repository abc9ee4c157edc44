import assert from "node:assert/strict";
import { gradients } from "../../autodiff.ts";
import { constant, type Program, state, type Tensor, trace } from "../../graph.ts";
import { add, conv2d, matmul, maxPool2d, mul, neg, relu, reshape, sub, sum, takeRows } from "../../ops/mod.ts";
import { assertLikeReference, drawNumbers } from "../../testing/run_program.ts";
import { closeThreads, wasmBackend } from "./backend.ts";
import { rewrite } from "./rewrite.ts";
import { allRules } from "./rules.ts";
import { hoistConstants } from "./hoist_constants.ts";

Deno.test.afterAll(closeThreads);

/** Names of the special kernels in a rewritten program, without repetition. */
function specialKernels(program: Program): string[] {
  const special = rewrite(program, allRules).nodes.filter(({ op }) => op.kind === "special" && op.partAt === undefined);
  return [...new Set(special.map(({ op }) => op.name))].sort();
}

/** A result and the gradients of its weighted sum with respect to `parameters`. */
function withGradients(result: Tensor, parameters: Record<string, Tensor>): Program {
  return trace(() => {
    const loss = sum(mul(result, state("weights", result.shape)));
    const slopes = gradients(loss, Object.values(parameters));
    const named = Object.keys(parameters).map((name, i) => [`gradient of ${name}`, slopes[i]]);
    return { updates: { result, ...Object.fromEntries(named) } };
  });
}

const COUNT = 40;

/** A first layer: rows of a table of bytes, normalised, times a matrix. */
function firstLayer(rows: number, depth: number, width: number, density: number): Program {
  const table = state("table", [COUNT, depth], "u8", { density });
  const images = sub(mul(takeRows(table, state("rows", [rows], "i32")), constant(0.01)), constant(0.4));
  const w = state("w", [depth, width]);
  return withGradients(matmul(images, w), { w });
}

function firstLayerState(rows: number, depth: number, density: number) {
  const table = drawNumbers("u8", COUNT * depth, 5, density) as Uint8Array;
  table.fill(0, 0, depth); // A blank image.
  table.fill(255, depth, 2 * depth); // An image full of ink.
  return { table, rows: Int32Array.from({ length: rows }, (_, i) => (i * 7) % COUNT) };
}

Deno.test("sparse rows of bytes give the dense product and its gradient, at awkward sizes", async (t) => {
  for (const [rows, depth, width] of [[1, 5, 3], [2, 16, 1], [3, 33, 10], [7, 31, 48], [33, 49, 52], [6, 100, 133]]) {
    for (const density of [0.2, 0.7]) {
      await t.step(`${rows} × ${depth} × ${width}, density ${density}`, async () => {
        const program = firstLayer(rows, depth, width, density);
        assert.deepEqual(specialKernels(program), ["sparseMatmul", "takeSparseRows", "transposeSparse"]);
        const tolerance = { relative: 1e-5, absolute: 1e-4 };
        await assertLikeReference(program, firstLayerState(rows, depth, density), tolerance);
      });
    }
  }
});

Deno.test("a wrong density only costs speed, and dense rows are multiplied as they are", async () => {
  const tolerance = { relative: 1e-5, absolute: 1e-4 };
  await assertLikeReference(firstLayer(9, 40, 20, 0.01), firstLayerState(9, 40, 1), tolerance);
  const full = firstLayer(9, 40, 20, 0.9);
  assert.deepEqual(specialKernels(full), []);
  await assertLikeReference(full, firstLayerState(9, 40, 1), tolerance);
});

Deno.test("the result of a ReLU is multiplied as a sparse matrix, forward and for the weights' gradient", async (t) => {
  for (const [rows, depth, width] of [[1, 32, 32], [5, 65, 33], [40, 128, 70], [3, 2000, 32]]) {
    await t.step(`${rows} × ${depth} × ${width}`, async () => {
      const x = state("x", [rows, depth]), w = state("w", [depth, width]);
      const program = withGradients(matmul(relu(x), w), { x, w });
      const expected = ["sparseMatmul", "toSparse", "transposeSparse"];
      assert.deepEqual(specialKernels(program), expected);
      const tolerance = { relative: 1e-5, absolute: 1e-4 };
      await assertLikeReference(program, {}, tolerance);
      await assertLikeReference(program, { x: new Float32Array(rows * depth).fill(-1) }, tolerance);
      await assertLikeReference(program, { x: new Float32Array(rows * depth).fill(1) }, tolerance);
    });
  }
});

Deno.test("the gradient of a ReLU is multiplied by the weights as a sparse matrix", async (t) => {
  for (const [rows, width, depth] of [[5, 32, 36], [33, 100, 64], [2, 48, 40]]) {
    await t.step(`${rows} × ${depth} × ${width}`, async () => {
      const x = state("x", [rows, width]), w = state("w", [width, depth]);
      const program = withGradients(relu(matmul(x, w)), { x, w });
      assert.deepEqual(specialKernels(program), rows > 4 ? ["sparseMatmul", "toSparse", "transpose"] : []);
      await assertLikeReference(program, {}, { relative: 1e-5, absolute: 1e-4 });
    });
  }
});

Deno.test("small and narrow products stay as they are", () => {
  for (const [depth, width] of [[128, 10], [16, 128]]) {
    const x = state("x", [32, depth]), w = state("w", [depth, width]);
    assert.deepEqual(specialKernels(withGradients(matmul(relu(x), w), { w })), []);
  }
});

Deno.test("after max pooling, which leaves few zeros, only the product of a few rows is sparse", () => {
  const specialOf = (rows: number) => {
    const pooled = maxPool2d(relu(state("x", [rows, 8, 8, 16]))), w = state("w", [256, 64]);
    return specialKernels(trace(() => ({ updates: { y: matmul(reshape(pooled, [rows, 256]), w) } })));
  };
  assert.deepEqual(specialOf(1), ["sparseMatmul", "toSparse"]);
  assert.deepEqual(specialOf(32), []);
});

interface ConvCase {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  /** @default 3 */
  kernel?: number;
  /** @default 1 */
  padding?: number;
}

function convBlock({ batch, height, width, channels, filters, kernel = 3, padding = 1 }: ConvCase): Program {
  const x = state("x", [batch, height, width, channels]), w = state("w", [kernel, kernel, channels, filters]);
  const b = state("b", [filters]);
  return withGradients(maxPool2d(relu(add(conv2d(x, w, { padding }), b))), { x, w, b });
}

Deno.test("pooled convolutions give the values and gradients of the general kernels", async (t) => {
  const cases: [number, number, number, number, number, number, number][] = [
    [1, 2, 2, 4, 4, 3, 1],
    [2, 4, 6, 1, 8, 3, 1],
    [3, 6, 4, 4, 12, 3, 1],
    [2, 14, 14, 16, 8, 3, 1],
    [1, 8, 8, 20, 32, 3, 1],
    [3, 10, 2, 32, 64, 3, 1],
    [2, 28, 28, 1, 32, 3, 1],
    // Images without a border.
    [2, 28, 28, 1, 16, 5, 0],
    [3, 12, 12, 16, 32, 3, 0],
    [1, 4, 6, 1, 4, 3, 0],
    [2, 6, 8, 4, 4, 5, 0],
    // Results with odd sides.
    [2, 7, 7, 16, 16, 3, 1],
    [3, 5, 7, 4, 4, 3, 1],
    [2, 7, 6, 1, 12, 3, 0],
    [1, 9, 12, 16, 8, 3, 0],
    [2, 5, 8, 1, 8, 5, 2],
    [2, 7, 5, 8, 4, 5, 2],
    // Large kernels.
    [2, 28, 28, 1, 8, 5, 2],
    [2, 6, 4, 12, 20, 5, 2],
    // A border of another width.
    [2, 4, 5, 1, 4, 5, 1],
    [2, 4, 4, 4, 8, 4, 3],
  ];
  for (const [batch, height, width, channels, filters, kernel, padding] of cases) {
    const size = `${batch} × ${height} × ${width} × ${channels} → ${filters}`;
    await t.step(`${size}, kernel ${kernel}, padding ${padding}`, async () => {
      const program = convBlock({ batch, height, width, channels, filters, kernel, padding });
      const expected = channels === 1
        ? ["pooledWeightGradient", "singleChannelConvPool"]
        : ["pooledInputGradient", "pooledWeightGradient", "reluPool"];
      if (kernel === 3 && channels >= 16) expected.push("winogradConv");
      assert.deepEqual(specialKernels(program), expected.sort());
      await assertLikeReference(program, {}, { relative: 1e-5, absolute: 1e-4 });
    });
  }
});

Deno.test("if nothing passes the ReLU, all gradients of a pooled convolution are 0", async () => {
  const program = convBlock({ batch: 2, height: 4, width: 4, channels: 4, filters: 8 });
  await assertLikeReference(program, { b: new Float32Array(8).fill(-100) });
});

Deno.test("convolutions that match no special kernel run as they are", async (t) => {
  const cases: [string, ConvCase][] = [
    ["odd filters", { batch: 2, height: 4, width: 4, channels: 4, filters: 3 }],
    ["odd channels", { batch: 2, height: 4, width: 4, channels: 3, filters: 4 }],
    ["very large kernels", { batch: 2, height: 8, width: 8, channels: 4, filters: 4, kernel: 6 }],
  ];
  for (const [name, convCase] of cases) {
    await t.step(name, async () => {
      const program = convBlock(convCase);
      assert.deepEqual(specialKernels(program), []);
      await assertLikeReference(program);
    });
  }
});

Deno.test("another user of the gradient before the pooling gets the dense gradient", async () => {
  const x = state("x", [2, 4, 4, 4]), w = state("w", [3, 3, 4, 8]), b = state("b", [8]);
  const shifted = add(conv2d(x, w, { padding: 1 }), b), pooled = maxPool2d(relu(shifted));
  const program = trace(() => {
    const loss = sum(mul(pooled, state("weights", pooled.shape)));
    const [inFront, ofW] = gradients(loss, [shifted, w]);
    return { updates: { inFront, ofW, squares: mul(inFront, inFront) } };
  });
  await assertLikeReference(program);
});

Deno.test("Winograd's convolution agrees with the direct one, even for several blocks of filters", async (t) => {
  const cases = [[1, 2, 2, 16, 8, 1], [2, 6, 10, 20, 96, 1], [3, 14, 14, 32, 64, 1], [2, 12, 6, 16, 32, 0], [
    2,
    4,
    2,
    16,
    8,
    2,
  ]];
  for (const [batch, height, width, channels, filters, padding] of cases) {
    await t.step(`${batch} × ${height} × ${width} × ${channels} → ${filters}, padding ${padding}`, async () => {
      const x = state("x", [batch, height, width, channels]), w = state("w", [3, 3, channels, filters]);
      const program = trace(() => ({ updates: { result: conv2d(x, w, { padding }) } }));
      assert.deepEqual(specialKernels(program), ["winogradConv"]);
      await assertLikeReference(program);
    });
  }
});

Deno.test("values that depend only on frozen state are computed again only after that state is written", async () => {
  const x = state("x", [4]), w = state("w", [4, 4], "f32", { frozen: true });
  const program = trace(() => ({ updates: { y: mul(add(sum(mul(w, w), 0, 1), constant(1)), x) } }));
  const { prepare, program: main, frozen } = hoistConstants("program", program);
  assert.deepEqual([...frozen], ["w"]);
  assert.ok(prepare!.nodes.some(({ op }) => op.name === "sum"));
  assert.deepEqual(main.nodes.filter(({ op }) => op.kind !== "leaf").map(({ op }) => op.name), ["mul"]);
  const session = await wasmBackend().open({ program });
  const expect = async (...values: number[]) => {
    await session.run("program", 0, 1);
    assert.deepEqual([...await session.read("y")], values);
  };
  session.write("x", Float32Array.of(1, 2, 3, 4));
  await expect(1, 2, 3, 4);
  session.write("w", new Float32Array(16).fill(1));
  await expect(5, 10, 15, 20);
  session.write("x", Float32Array.of(0, 0, 1, 1));
  await expect(0, 0, 5, 5);
  session.close();
});

Deno.test("every program that reads a frozen state is prepared again after a write", async () => {
  const w = state("w", [2], "f32", { frozen: true });
  const twice = trace(() => ({ updates: { a: add(w, w) } })), negative = trace(() => ({ updates: { b: neg(w) } }));
  const session = await wasmBackend().open({ twice, negative });
  for (const value of [1, 2]) {
    session.write("w", Float32Array.of(value, -value));
    await session.run("twice", 0, 1);
    await session.run("negative", 0, 1);
    assert.deepEqual([...await session.read("a"), ...await session.read("b")], [2 * value, -2 * value, -value, value]);
  }
  session.close();
});

Deno.test("a program that updates a frozen state is refused, and the error names the state", async () => {
  const w = state("w", [2], "f32", { frozen: true });
  const use = trace(() => ({ updates: { a: add(w, w) } })), update = trace(() => ({ updates: { w: neg(w) } }));
  await assert.rejects(wasmBackend().open({ use, update }), { message: "state w is frozen and cannot be updated" });
});

Deno.test("NaN passes through a pooled convolution from any pixel of a window", async () => {
  const program = convBlock({ batch: 1, height: 4, width: 4, channels: 1, filters: 4 });
  for (const pixel of [0, 3, 12, 15]) {
    const x = Float32Array.from({ length: 16 }, (_, i) => i === pixel ? NaN : i);
    const session = await wasmBackend().open({ program });
    session.write("x", x);
    session.write("w", new Float32Array(36).fill(1));
    await session.run("program", 0, 1);
    const values = [...await session.read("result")];
    session.close();
    assert.ok(values.some(Number.isNaN), `pixel ${pixel}: ${values}`);
  }
});
