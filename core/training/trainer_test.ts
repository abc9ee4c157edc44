import assert from "node:assert/strict";
import type { Dataset } from "../mnist/idx.ts";
import { hasWebGpu } from "../testing/backends.ts";
import { firstDigits, mnist } from "../testing/mnist.ts";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { MODEL_TYPES } from "../models/families.ts";
import { parameterSpecs } from "../models/spec.ts";
import { initialParameters } from "../models/parameters.ts";
import { openPredictor } from "./predictor.ts";
import { openTrainer, type TrainerOptions } from "./trainer.ts";

function small(): Dataset {
  return { train: firstDigits(mnist().train, 330), test: firstDigits(mnist().test, 1100) };
}

const base = (): TrainerOptions => ({
  spec: { modelType: "SimpleNN", hiddenLayers: [16], dropout: 0.3 },
  optimizer: "Adam",
  learningRate: 0.01,
  batchSize: 32,
  epochs: 2,
  seed: 5,
  dataset: small(),
  device: "wasm",
});

async function trainAll(options: TrainerOptions, chunk: number) {
  const trainer = await openTrainer(options);
  const losses: number[] = [];
  while (trainer.step < trainer.totalSteps) losses.push(...await trainer.run(chunk));
  const accuracy = await trainer.evaluate();
  const weights = await trainer.weights();
  trainer.close();
  return { losses, accuracy, weights };
}

Deno.test("an epoch visits every digit, with a short last batch, and stops at its end", async () => {
  const trainer = await openTrainer(base());
  assert.equal(trainer.stepsPerEpoch, 11);
  assert.equal(trainer.totalSteps, 22);
  assert.equal((await trainer.run(100)).length, 11);
  assert.equal((await trainer.run(3)).length, 3);
  assert.equal((await trainer.run(8)).length, 8);
  assert.equal((await trainer.run(8)).length, 0);
  trainer.close();
});

Deno.test("the same seed gives the same weights to the bit, however the steps are divided into calls", async () => {
  const first = await trainAll(base(), 1),
    second = await trainAll(base(), 7),
    other = await trainAll({ ...base(), seed: 6 }, 7);
  assert.deepEqual(first.losses, second.losses);
  first.weights.forEach(({ name, data }, i) => assert.deepEqual(data, second.weights[i].data, name));
  assert.notDeepEqual(first.weights[0].data, other.weights[0].data);
});

Deno.test("WASM trains as the reference does, with dropout and a short last batch", async () => {
  const fast = await trainAll({ ...base(), epochs: 1 }, 20);
  const exact = await trainAll({ ...base(), epochs: 1, device: "reference" }, 20);
  assertAllClose(fast.losses, exact.losses, { relative: 1e-4 }, "losses");
  assert.ok(Math.abs(fast.accuracy! - exact.accuracy!) <= 0.2, `${fast.accuracy} and ${exact.accuracy}`);
});

Deno.test("evaluation agrees with a predictor on all test digits, including a short last batch", async () => {
  const options = base();
  const { accuracy, weights } = await trainAll(options, 50);
  const { images, labels, count } = options.dataset.test;
  const predictor = await openPredictor(options.spec, weights, { batch: count });
  const probabilities = await predictor.predict(images);
  predictor.close();
  let correct = 0;
  for (let i = 0; i < count; i++) {
    const row = [...probabilities.subarray(i * 10, i * 10 + 10)];
    assertAllClose([row.reduce((a, b) => a + b)], [1], { relative: 1e-5 });
    if (row.indexOf(Math.max(...row)) === labels[i]) correct++;
  }
  assert.equal(accuracy, 100 * correct / count);
});

for (const device of ["wasm", "reference"] as const) {
  Deno.test(`a guess on ${device} agrees with a predictor of the current weights`, async () => {
    const options = { ...base(), device };
    const trainer = await openTrainer(options);
    const digit = options.dataset.test.images.subarray(0, 784);
    for (const steps of [0, 7, 11]) {
      await trainer.run(steps);
      const predictor = await openPredictor(options.spec, await trainer.weights());
      const expected = await predictor.predict(digit);
      predictor.close();
      assertAllClose([...await trainer.guess(digit)], [...expected], { relative: 1e-4 }, `after ${steps} steps`);
    }
    trainer.close();
  });
}

for (const modelType of MODEL_TYPES) {
  Deno.test(`guesses during training do not change the weights and the state of a ${modelType}, to the bit`, async () => {
    const options: TrainerOptions = { ...base(), spec: { modelType, hiddenLayers: [16], dropout: 0.3 }, epochs: 1 };
    const plain = await openTrainer(options), watched = await openTrainer({ ...options, threads: 2 });
    const digit = options.dataset.test.images.subarray(0, 784);
    await plain.run(20);
    while (watched.step < watched.totalSteps) {
      await watched.guess(digit);
      await watched.run(3);
    }
    assert.equal(await watched.evaluate(), await plain.evaluate());
    assert.deepEqual(await watched.state(), await plain.state());
    plain.close();
    watched.close();
  });
}

for (const device of ["wasm", "reference", "webgpu"] as const) {
  const ignore = device === "webgpu" && !hasWebGpu;
  Deno.test(
    `the accuracy on ${device} is NaN if finite weights give answers that are not finite`,
    { ignore },
    async () => {
      const spec = { modelType: "SimpleNN", hiddenLayers: [4] } as const;
      for (const [factor, isFinite] of [[1, true], [1e22, false]] as const) {
        const weights = initialParameters(spec, 1).map((tensor) => ({
          ...tensor,
          data: tensor.data.map((value) => Math.abs(value) * factor),
        }));
        const trainer = await openTrainer({ ...base(), spec, weights, device });
        assert.equal(Number.isFinite(await trainer.evaluate()), isFinite);
        trainer.close();
      }
    },
  );
}

Deno.test("the size of an epoch's last batch is reported as a share of a full batch", async () => {
  for (const [batchSize, share] of [[32, 10 / 32], [33, 1], [2048, 1]]) {
    const trainer = await openTrainer({ ...base(), batchSize });
    assert.equal(trainer.lastBatchShare, share);
    trainer.close();
  }
});

Deno.test("an evaluation that is stopped returns undefined", async () => {
  const trainer = await openTrainer(base());
  assert.equal(await trainer.evaluate(() => true), undefined);
  trainer.close();
});

Deno.test("a batch size larger than the dataset means one batch of all digits", async () => {
  const trainer = await openTrainer({ ...base(), batchSize: 2048 });
  assert.equal(trainer.stepsPerEpoch, 1);
  assert.equal((await trainer.run(5)).length, 1);
  trainer.close();
});

Deno.test("initial values are uniform within PyTorch's bounds ±1/√fanIn", () => {
  const spec = { modelType: "SimpleNN", hiddenLayers: [128, 64] } as const;
  const parameters = initialParameters(spec, 1);
  parameterSpecs(spec).forEach(({ name, fanIn, shape }, i) => {
    const { data } = parameters[i], bound = 1 / Math.sqrt(fanIn);
    assert.equal(data.length, shape.reduce((a, b) => a * b, 1));
    const largest = data.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    assert.ok(largest <= bound, `${name} reaches ${largest}, bound ${bound}`);
    if (data.length < 1000) return;
    assert.ok(largest > 0.99 * bound, `${name} reaches only ${largest} of ${bound}`);
    const variance = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    assertAllClose([variance], [bound ** 2 / 3], { relative: 0.05 }, `variance of ${name}`);
  });
});

for (const modelType of MODEL_TYPES) {
  Deno.test(`the weights of a ${modelType} are the same when read back from a trainer`, async () => {
    const spec = { modelType, hiddenLayers: [5, 3] };
    const weights = initialParameters(spec, 3);
    const trainer = await openTrainer({ ...base(), spec, weights });
    assert.deepEqual(await trainer.weights(), weights);
    trainer.close();
  });
}
