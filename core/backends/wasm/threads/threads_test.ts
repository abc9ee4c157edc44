import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openTrainer, type TrainerOptions } from "../../../training/trainer.ts";
import { initialParameters, readParameters, writeParameters } from "../../../models/parameters.ts";
import { permutation, STREAMS } from "../../../random.ts";
import { firstDigits, mnist } from "../../../testing/mnist.ts";
import { constant, state, trace } from "../../../graph.ts";
import { STATE, trainingProgram } from "../../../training/programs.ts";
import { add, matmul, mul } from "../../../ops/mod.ts";
import { schedule } from "../../../schedule.ts";
import { closeThreads, wasmBackend, type WasmOptions } from "../backend.ts";
import { partsOfItems } from "../program.ts";
import { rewrite } from "../rewrite.ts";
import { allRules } from "../rules.ts";
import { stopWord } from "./control.ts";
import { ThreadPool } from "./thread_pool.ts";

const options = (modelType: "SimpleNN" | "ConvNN"): TrainerOptions => ({
  spec: { modelType, hiddenLayers: modelType === "SimpleNN" ? [64, 36] : [32], dropout: 0.3 },
  optimizer: "Adam",
  learningRate: 0.01,
  // Enough work for the convolutions to be cut into parts.
  batchSize: modelType === "SimpleNN" ? 31 : 17,
  epochs: 2,
  seed: 5,
  dataset: {
    train: firstDigits(mnist().train, modelType === "SimpleNN" ? 500 : 40),
    test: firstDigits(mnist().test, 100),
  },
  device: "wasm",
});

async function train(options: TrainerOptions) {
  const trainer = await openTrainer(options);
  const losses: number[] = [];
  while (trainer.step < trainer.totalSteps) losses.push(...await trainer.run(9));
  const accuracy = await trainer.evaluate();
  // Digests, because it would take minutes to show how tens of thousands of numbers differ.
  const weights = (await trainer.weights()).map(({ name, data }) => [name, digestOf(data)]);
  trainer.close();
  return { losses: digestOf(Float32Array.from(losses)), accuracy, weights };
}

function digestOf(numbers: Float32Array): string {
  return createHash("sha256").update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)).digest(
    "hex",
  );
}

const convolutions = { channels: [16, 32], kernels: [5, 3], padding: "valid" } as const;
const networks: Readonly<Record<string, TrainerOptions>> = {
  "a SimpleNN": options("SimpleNN"),
  "a ConvNN": options("ConvNN"),
  "a ConvNN whose filters stay within the image": {
    ...options("ConvNN"),
    spec: { modelType: "ConvNN", hiddenLayers: [32], convolutions },
  },
};

for (const [name, options] of Object.entries(networks)) {
  Deno.test(`${name} gets the same weights to the bit with any number of threads`, async () => {
    const alone = await train(options);
    try {
      for (const threads of [2, 3, 5]) {
        assert.deepEqual(await train({ ...options, threads }), alone, `${threads} threads`);
      }
    } finally {
      closeThreads();
    }
  });
}

Deno.test("a ConvNN's convolutions and products are cut into parts, so the test above tests stealing", () => {
  const { spec, optimizer, learningRate, batchSize, dataset } = options("ConvNN");
  const digits = { set: "train", count: dataset.train.count, density: 0.2 } as const;
  const program = trainingProgram({
    spec,
    optimizer,
    learningRate,
    seed: 1,
    batch: batchSize,
    digits,
    totalSteps: 1,
    startOf: () => 0,
  });
  const scheduled = schedule(rewrite(program, allRules)), parts = partsOfItems(scheduled, 2);
  const cut = scheduled.items.flatMap((item, i) => parts[i] > 1 && item.kind === "kernel" ? [item.node.op.name] : []);
  for (const name of ["singleChannelConvPool", "winogradConv", "pooledInputGradient", "matmul"]) {
    assert.ok(cut.includes(name), `${name} is not among ${cut}`);
  }
});

Deno.test("more long items than can be cut give the same results as one thread", async () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const program = trace(() => {
    const states = names.map((name) => [name, state(name, [300, 511])] as const);
    return { updates: Object.fromEntries(states.map(([name, x]) => [name, add(mul(x, x), constant(0.25))])) };
  });
  assert.ok(partsOfItems(schedule(program), 3).every((parts) => parts > 1));
  const run = async (threads: number) => {
    const session = await wasmBackend({ threads }).open({ program });
    names.forEach((name, i) => session.write(name, new Float32Array(300 * 511).map((_, k) => Math.sin(i + k) / 2)));
    await session.run("program", 0, 40);
    const results = await Promise.all(names.map(async (name) => digestOf(await session.read(name) as Float32Array)));
    session.close();
    return results;
  };
  try {
    const alone = await run(1);
    for (const threads of [2, 3]) assert.deepEqual(await run(threads), alone, `${threads} threads`);
  } finally {
    closeThreads();
  }
});

/** Trains one epoch in runs of three steps; also returns the numbers of threads that were active between them. */
async function trainSession(modelType: "SimpleNN" | "ConvNN", backend: WasmOptions) {
  const { spec, optimizer, learningRate, batchSize: batch, seed, dataset: { train } } = options(modelType);
  const steps = Math.floor(train.count / batch), digits = { set: "train", count: train.count, density: 0.2 } as const;
  const startOf = (step: number) => (step % steps) * batch;
  const program = trainingProgram({ spec, optimizer, learningRate, seed, batch, digits, startOf, totalSteps: 120 });
  const session = await wasmBackend(backend).open({ program });
  session.write(STATE.trainImages, train.images);
  session.write(STATE.trainLabels, train.labels);
  session.write(STATE.trainOrder, permutation(seed, STREAMS.order, 0, train.count));
  writeParameters(session, spec, initialParameters(spec, seed));
  const losses: number[] = [], used = new Set<number | undefined>();
  for (let step = 0; step < 120; step += 3) {
    losses.push(...(await session.run("program", step, 3)).loss);
    used.add(session.threads);
  }
  const weights = (await readParameters(session, spec)).map(({ name, data }) => [name, digestOf(data)]);
  session.close();
  return { result: { losses, weights }, used };
}

for (const modelType of ["SimpleNN", "ConvNN"] as const) {
  Deno.test(`a ${modelType} gets the same weights to the bit if the number of threads changes in between`, async () => {
    const alone = await trainSession(modelType, {});
    // By this clock every batch takes less time than the one before, so whatever number is tried, it wins.
    let now = 0, ms = 60;
    try {
      const changing = await trainSession(modelType, { threads: 4, now: () => now += ms *= 0.985 });
      assert.ok(changing.used.size >= 3 && changing.used.has(1), `threads: ${[...changing.used]}`);
      assert.deepEqual(changing.result, alone.result);
    } finally {
      closeThreads();
    }
  });
}

Deno.test("a second trainer runs on its own thread while the first has the pool, with the same results", async () => {
  const first = await openTrainer({ ...options("SimpleNN"), threads: 2 });
  try {
    const [a, b] = [await train({ ...options("SimpleNN"), threads: 2 }), await train(options("SimpleNN"))];
    assert.deepEqual(a, b);
  } finally {
    first.close();
    closeThreads();
  }
});

Deno.test("trainers that open at the same time give the same results, whichever of them gets the threads", async () => {
  try {
    const all = await Promise.all([1, 2, 3].map(() => train({ ...options("SimpleNN"), threads: 2 })));
    for (const one of all) assert.deepEqual(one, all[0]);
  } finally {
    closeThreads();
  }
});

Deno.test("a step is interrupted from another thread, and the threads then serve the next trainer", async () => {
  const wide: TrainerOptions = {
    ...options("SimpleNN"),
    spec: { modelType: "SimpleNN", hiddenLayers: [2048, 2048, 2048] },
    batchSize: 500,
    threads: 2,
  };
  try {
    const trainer = await openTrainer(wide);
    const stopper = new Worker(
      `data:text/javascript,${
        encodeURIComponent(
          "self.onmessage = ({ data }) => setTimeout(() => { Atomics.store(data, 0, 1); self.close(); }, 100);",
        )
      }`,
      { type: "module" },
    );
    stopper.postMessage(trainer.stop);
    // Without the interruption this would take minutes.
    const begin = performance.now();
    for (let i = 0; i < 500 && Atomics.load(trainer.stop!, 0) === 0; i++) await trainer.run(1);
    assert.ok(performance.now() - begin < 20_000);
    trainer.close();
    assert.deepEqual(await train({ ...options("SimpleNN"), threads: 2 }), await train(options("SimpleNN")));
  } finally {
    closeThreads();
  }
});

Deno.test("a thread that fails ends the run with an error, and the next session works", async () => {
  const program = trace(() => ({ updates: { y: matmul(state("x", [64, 64]), state("x", [64, 64])) } }));
  // A module that no thread can instantiate, because its import does not exist.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const wanting = await WebAssembly.compile(
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 97, 1, 98, 0, 0),
  );
  const pool = new ThreadPool();
  try {
    assert.ok(pool.reserve());
    const team = pool.assign({ memory, modules: [wanting], control: 64, threads: 2 });
    while (Atomics.load(stopWord(memory, 64), 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.throws(() => team.requireWhole(), /a thread of the training failed/);
    team.leave();
    assert.ok(pool.reserve(), "the threads are free again");
    const session = await wasmBackend({ threads: 2 }).open({ program });
    await session.run("program", 0, 1);
    session.close();
  } finally {
    pool.close();
    closeThreads();
  }
});

Deno.test("a step that is interrupted at any moment ends without an error", async () => {
  const stopper = new Worker(
    `data:text/javascript,${
      encodeURIComponent(
        "self.onmessage = ({ data: { stop, ms } }) => setTimeout(() => Atomics.store(stop, 0, 1), ms);",
      )
    }`,
    { type: "module" },
  );
  const rounds = Deno.env.get("LAB_LONG") ? 300 : 30;
  try {
    for (let round = 0; round < rounds; round++) {
      const hiddenLayers = round % 2 === 0 ? [200, 100] : [40];
      const trainer = await openTrainer({
        ...options(round % 3 === 0 ? "ConvNN" : "SimpleNN"),
        spec: { modelType: round % 3 === 0 ? "ConvNN" : "SimpleNN", hiddenLayers },
        threads: 3,
        epochs: 10_000,
      });
      stopper.postMessage({ stop: trainer.stop, ms: 1 + (round * 7) % 40 });
      while (Atomics.load(trainer.stop!, 0) === 0) await trainer.run(20);
      trainer.close();
    }
  } finally {
    stopper.terminate();
    closeThreads();
  }
});
