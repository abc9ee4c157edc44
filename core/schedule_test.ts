import assert from "node:assert/strict";
import { referenceBackend } from "./backends/reference/backend.ts";
import { wasmBackend } from "./backends/wasm/backend.ts";
import { constant, type Program, state, trace } from "./graph.ts";
import { add, copyOp, exp, matmul, mul, neg, relu, reshape, sum } from "./ops/mod.ts";
import { schedule } from "./schedule.ts";
import type { Numbers } from "./session.ts";
import { assertAllClose } from "./testing/assert_all_close.ts";
import { trainingProgram } from "./training/programs.ts";

/** Runs two steps on both backends from the same state and compares every state afterwards. */
async function compare(program: Program, initial: Record<string, number[]>) {
  const results: Numbers[][] = [];
  for (const backend of [wasmBackend(), referenceBackend]) {
    const session = await backend.open({ program });
    for (const [name, values] of Object.entries(initial)) session.write(name, Float32Array.from(values));
    await session.run("program", 0, 2);
    results.push(await Promise.all(Object.keys(initial).map((name) => session.read(name))));
    session.close();
  }
  results[0].forEach((values, i) => assertAllClose(values, results[1][i], {}, Object.keys(initial)[i]));
}

Deno.test("elementwise neighbours become one loop, and intermediate values are not stored", () => {
  const x = state("x", [8, 4]);
  const { items } = schedule(trace(() => ({ updates: { y: exp(neg(mul(x, add(x, constant(1))))) } })));
  assert.equal(items.length, 1);
  assert.equal(items[0].kind === "loop" && items[0].results.length, 1);
});

Deno.test("a loop reads a broadcast bias from its source, and the broadcast is never written", () => {
  const program = trace(() => {
    const product = matmul(state("x", [4, 3]), state("w", [3, 5]));
    return { updates: { y: relu(add(product, state("b", [5]))) } };
  });
  assert.deepEqual(schedule(program).items.map((item) => item.kind), ["kernel", "loop"]);
});

Deno.test("neighbours with a product between them do not fuse", async () => {
  const program = trace(() => {
    const x = state("x", [3, 3]);
    const doubled = add(x, x);
    return { updates: { x: add(doubled, matmul(doubled, doubled)) } };
  });
  assert.deepEqual(schedule(program).items.map((item) => item.kind), ["loop", "kernel", "loop"]);
  await compare(program, { x: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n / 10) });
});

Deno.test("short-lived values share memory", () => {
  const program = trace(() => {
    let x = state("x", [64, 64]);
    for (let i = 0; i < 6; i++) x = matmul(x, state("w", [64, 64]));
    return { updates: { y: x } };
  });
  assert.ok(schedule(program).arenaBytes <= 2 * 64 * 64 * 4);
});

Deno.test("a state is not overwritten while its old value is still needed", async () => {
  const program = trace(() => {
    const p = state("p", [2, 2]);
    const next = mul(p, constant(0.5));
    // The product reads the old value after the new one is known, and reads more than the element it writes.
    return { updates: { p: next, q: matmul(p, next) } };
  });
  await compare(program, { p: [1, 2, 3, 4], q: [0, 0, 0, 0] });
});

Deno.test("two states can swap their values", async () => {
  const program = trace(() => {
    const a = state("a", [3]), b = state("b", [3]);
    return { updates: { a: add(b, constant(1)), b: add(a, constant(2)) } };
  });
  await compare(program, { a: [1, 2, 3], b: [10, 20, 30] });
});

Deno.test("two states can swap without any op, and a state can be updated to a view of itself", async () => {
  const program = trace(() => {
    const a = state("a", [2, 3]), b = state("b", [2, 3]), c = state("c", [2, 3]);
    return { updates: { a: b, b: a, c: reshape(reshape(c, [3, 2]), [2, 3]) } };
  });
  await compare(program, { a: [1, 2, 3, 4, 5, 6], b: [10, 20, 30, 40, 50, 60], c: [7, 8, 9, 10, 11, 12] });
});

Deno.test("an output that is a state has the value from the beginning of the step", async () => {
  const program = trace(() => {
    const x = state("x", []);
    return { updates: { x: add(x, constant(1)) }, outputs: { x, next: add(x, constant(1)) } };
  });
  for (const backend of [wasmBackend(), referenceBackend]) {
    const session = await backend.open({ program });
    session.write("x", Float32Array.of(5));
    const { x, next } = await session.run("program", 0, 3);
    assert.deepEqual([[...x], [...next]], [[5, 6, 7], [6, 7, 8]]);
    session.close();
  }
});

Deno.test("a state can be updated from its own broadcast", async () => {
  const program = trace(() => {
    const row = state("row", [4]);
    return { updates: { row: sum(add(state("m", [3, 4]), row), 0, 1), m: add(state("m", [3, 4]), row) } };
  });
  await compare(program, { row: [1, 2, 3, 4], m: Array.from({ length: 12 }, (_, i) => i) });
});

Deno.test("an optimiser's update is one loop that writes parameters in place", () => {
  const program = trainingProgram({
    spec: { modelType: "SimpleNN", hiddenLayers: [128] },
    optimizer: "Adam",
    learningRate: 0.001,
    seed: 0,
    digits: { set: "train", count: 100, density: 0.19 },
    batch: 10,
    totalSteps: 10,
    startOf: (step) => step,
  });
  const { items, locationOf } = schedule(program);
  const weight = program.updates.get("head.0.weight")!;
  assert.deepEqual(locationOf(weight), { kind: "state", name: "head.0.weight" });
  const update = items.find((item) => item.kind === "loop" && item.results.includes(weight));
  assert.equal(update?.kind === "loop" && update.results.length, 3);
  assert.ok(!items.some((item) => item.kind === "kernel" && item.node.op === copyOp));
});
