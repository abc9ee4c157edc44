import assert from "node:assert/strict";
import type { Dataset } from "../mnist/idx.ts";
import { firstDigits, mnist } from "../testing/mnist.ts";
import type { OptimizerName } from "./optimizers.ts";
import { openTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";
import type { TrainingState } from "./training_state.ts";

function digits(train: number, test: number): Dataset {
  return { train: firstDigits(mnist().train, train), test: firstDigits(mnist().test, test) };
}

/** Eleven steps per epoch, the last one short. */
const simple = (optimizer: OptimizerName = "Adam"): TrainerOptions => ({
  spec: { modelType: "SimpleNN", hiddenLayers: [24, 16], dropout: 0.3 },
  optimizer,
  learningRate: 0.01,
  batchSize: 32,
  epochs: 3,
  seed: 5,
  dataset: digits(330, 200),
  device: "wasm",
});

const conv = (): TrainerOptions => ({
  ...simple(),
  spec: { modelType: "ConvNN", hiddenLayers: [12], dropout: 0.25 },
  batchSize: 16,
  epochs: 2,
  dataset: digits(72, 100),
});

async function advance(trainer: Trainer, upTo: number): Promise<number[]> {
  const losses: number[] = [];
  while (trainer.step < upTo) losses.push(...await trainer.run(Math.min(4, upTo - trainer.step)));
  return losses;
}

/** Trains to the end; at each of `stops` a new trainer resumes from the state of the one before. */
async function train(options: TrainerOptions, stops: readonly number[]) {
  let state: TrainingState | undefined;
  const losses: number[] = [];
  for (const stop of [...stops, Infinity]) {
    const trainer = await openTrainer({ ...options, resume: state });
    losses.push(...await advance(trainer, Math.min(stop, trainer.totalSteps)));
    state = await trainer.state();
    trainer.close();
  }
  return { losses, state: state! };
}

for (const optimizer of ["Adam", "SGD", "RMSprop", "AdamW"] as const) {
  Deno.test(`${optimizer}: stopping within an epoch, at its end or before its short batch, then resuming, gives the same bits`, async () => {
    const whole = await train(simple(optimizer), []);
    for (const stops of [[7], [11], [10], [22], [3, 11, 25]]) {
      assert.deepEqual(await train(simple(optimizer), stops), whole, `stops at ${stops}`);
    }
  });
}

Deno.test("ConvNN with dropout: stopping after n steps, then resuming, gives the same bits", async () => {
  const whole = await train(conv(), []);
  for (const stops of [[3], [5], [4, 7]]) assert.deepEqual(await train(conv(), stops), whole, `stops at ${stops}`);
});

Deno.test("a training run may resume with a different number of threads", async () => {
  const whole = await train(simple(), []);
  const first = await openTrainer({ ...simple(), threads: 2 });
  await advance(first, 9);
  const resume = await first.state();
  first.close();
  const second = await openTrainer({ ...simple(), resume });
  await advance(second, second.totalSteps);
  assert.deepEqual(await second.state(), whole.state);
  second.close();
});

Deno.test("the state holds the optimiser's moments by the names of the programs", async () => {
  const trainer = await openTrainer({ ...simple(), spec: { modelType: "SimpleNN", hiddenLayers: [] } });
  await trainer.run(2);
  const { step, tensors } = await trainer.state();
  trainer.close();
  assert.equal(step, 2);
  assert.deepEqual(tensors.map(({ name, shape }) => `${name} ${shape}`).sort(), [
    "head.0.bias 10",
    "head.0.bias.mean 10",
    "head.0.bias.square 10",
    "head.0.weight 784,10",
    "head.0.weight.mean 784,10",
    "head.0.weight.square 784,10",
  ]);
});

Deno.test("the state of another training run is refused, naming what does not fit", async () => {
  const state = (await train({ ...simple(), epochs: 1 }, [])).state;
  const cases: [TrainerOptions, RegExp][] = [
    [{ ...simple(), resume: { ...state, step: 34 } }, /step 34, but this training has 33 steps/],
    [{ ...simple(), resume: { ...state, step: 1.5 } }, /step 1.5/],
    [{ ...simple("SGD"), resume: state }, /has .*head\.0\.weight\.mean.*, which no program updates/],
    [{ ...simple(), resume: { ...state, tensors: state.tensors.slice(1) } }, /has no head\.0\.weight/],
    [
      { ...simple(), spec: { ...simple().spec, hiddenLayers: [24, 17] }, resume: state },
      /head\.3\.weight must have shape \[24, 17\], got \[24, 16\]/,
    ],
  ];
  for (const [options, expected] of cases) await assert.rejects(openTrainer(options), expected);
});
