/** Checks fusing, scheduling and threads against the reference, on random programs unlike any that people write. */
import { referenceBackend } from "./backends/reference/backend.ts";
import { closeThreads, wasmBackend } from "./backends/wasm/backend.ts";
import { constant, type Program, state, type Tensor, trace } from "./graph.ts";
import { add, broadcast, div, exp, matmul, mul, neg, relu, reluGrad, reshape, sub, sum } from "./ops/mod.ts";
import { threefry } from "./random.ts";
import type { Backend } from "./session.ts";
import { sameShape, type Shape, sizeOf } from "./shape.ts";
import { assertAllClose } from "./testing/assert_all_close.ts";

const STATES: Readonly<Record<string, Shape>> = { a: [4, 6], b: [6], c: [4, 1], d: [6, 4], e: [33, 6], f: [] };
const NODES = 14, STEPS = 3;

/**
 * Random choices by Threefry. Other generators give other programs, and in some of them a `reluGrad` depends on the
 * sign of a number that would be 0 without rounding.
 */
class Draw {
  readonly #seed: number;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  below(n: number): number {
    return threefry(this.#seed, 0, this.#count++, 0)[0] % n;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** Adds a node with random operands from `nodes`. Values stay small: sums become means, and exponents are negative. */
function grow(draw: Draw, nodes: Tensor[]): Tensor {
  const x = draw.of(nodes);
  const alike = draw.of(nodes.filter((node) => sameShape(node.shape, x.shape)));
  const mean = (y: Tensor) => mul(y, constant(1 / Math.max(1, sizeOf(x.shape))));
  const makers: (() => Tensor)[] = [
    () => mul(add(x, alike), constant(0.5)),
    () => sub(mul(x, constant(0.7)), constant(0.1)),
    () => mul(x, alike),
    () => div(x, add(exp(neg(relu(alike))), constant(0.5))),
    () => reluGrad(x, alike),
    () => neg(x),
    () => mean(sum(x)),
  ];
  if (x.shape.length === 2) {
    const [rows, columns] = x.shape;
    makers.push(() => mul(sum(x, 0, 1), constant(1 / rows)), () => mul(sum(x, 1, 2), constant(1 / columns)));
    makers.push(() => reshape(x, [columns, rows]));
    for (const y of nodes) {
      if (y.shape.length === 2 && y.shape[0] === columns) makers.push(() => mul(matmul(x, y), constant(1 / columns)));
      if (y.shape.length === 1 && y.shape[0] === columns) {
        makers.push(() => add(x, y), () => mul(x, broadcast(y, x.shape)));
      }
      if (y.shape.length === 2 && y.shape[0] === rows && y.shape[1] === 1) makers.push(() => mul(x, y));
    }
  }
  return draw.of(makers)();
}

function randomProgram(seed: number): Program {
  const draw = new Draw(seed);
  return trace(() => {
    const nodes = Object.entries(STATES).map(([name, shape]) => state(name, shape));
    for (let i = 0; i < NODES; i++) nodes.push(grow(draw, nodes));
    const made = nodes.slice(Object.keys(STATES).length).reverse();
    const updates = Object.entries(STATES).map(([name, shape]) =>
      [name, made.find((node) => sameShape(node.shape, shape) && draw.below(4) > 0)] as const
    ).filter((entry): entry is readonly [string, Tensor] => entry[1] !== undefined);
    const loss = made.map((node) => mul(sum(node), constant(1 / sizeOf(node.shape)))).reduce((total, part) =>
      add(total, part)
    );
    return { updates: Object.fromEntries(updates), outputs: { loss } };
  });
}

async function run(program: Program, backend: Backend) {
  const session = await backend.open({ program });
  const used = new Set(program.updates.keys());
  for (const { op } of program.nodes) if (op.kind === "leaf" && op.source.kind === "state") used.add(op.source.name);
  for (const name of used) {
    session.write(
      name,
      Float32Array.from({ length: sizeOf(STATES[name]) }, (_, i) => threefry(1, 2, i, 3)[0] / 2 ** 31 - 1),
    );
  }
  const { loss } = await session.run("program", 0, STEPS);
  const states = await Promise.all([...used].map(async (name) => [name, await session.read(name)] as const));
  session.close();
  return [["loss", loss] as const, ...states];
}

Deno.test("random programs give the same results on one thread, three threads and the reference", async () => {
  const count = Deno.env.get("LAB_LONG") ? 3000 : 300;
  try {
    for (let seed = 0; seed < count; seed++) {
      const program = randomProgram(seed);
      const expected = await run(program, referenceBackend);
      for (const threads of seed % 10 === 0 ? [1, 3] : [1]) {
        const actual = await run(program, wasmBackend({ threads }));
        expected.forEach(([name, values], i) => {
          const what = `${name} of program ${seed} on ${threads} threads`;
          assertAllClose(actual[i][1], values, { relative: 1e-4, absolute: 1e-4 }, what);
        });
      }
    }
  } finally {
    closeThreads();
  }
});
