import assert from "node:assert/strict";
import { Pace } from "./pace.ts";
import { type LoopTrainer, runTraining } from "./training_loop.ts";
import type { EpochEnd, LossBatch } from "./worker_messages.ts";

const STEPS_PER_EPOCH = 250;

/** Pretends to train: the loss of step n is n, the accuracy after it n / 10. */
class FakeTrainer implements LoopTrainer {
  step = 0;
  readonly device: string = "wasm";
  readonly stepsPerEpoch = STEPS_PER_EPOCH;
  readonly totalSteps: number;
  chunks: number[] = [];

  constructor(epochs: number) {
    this.totalSteps = epochs * STEPS_PER_EPOCH;
  }

  run(maxSteps: number): Promise<Float32Array> {
    const steps = Math.min(maxSteps, STEPS_PER_EPOCH - this.step % STEPS_PER_EPOCH);
    const losses = Float32Array.from({ length: steps }, (_, i) => this.step + i + 1);
    this.step += steps;
    this.chunks.push(steps);
    return Promise.resolve(losses);
  }

  evaluate(shouldStop?: () => boolean): Promise<number | undefined> {
    return Promise.resolve(shouldStop?.() ? undefined : this.step / 10);
  }
}

function record() {
  const batches: LossBatch[] = [];
  const ends: EpochEnd[] = [];
  const events = { onLosses: (batch: LossBatch) => batches.push(batch), onEpoch: (end: EpochEnd) => ends.push(end) };
  return { batches, ends, events };
}

Deno.test("every loss of every step is told once and in order, no batch crossing an epoch", async () => {
  const { batches, events } = record();
  await runTraining(new FakeTrainer(3), 32, events, () => false);
  let step = 0;
  for (const { firstStep, losses, epoch } of batches) {
    assert.equal(firstStep, step + 1);
    for (const loss of losses) assert.equal(loss, ++step);
    assert.equal(Math.ceil(firstStep / STEPS_PER_EPOCH), epoch);
    assert.equal(Math.ceil(step / STEPS_PER_EPOCH), epoch);
  }
  assert.equal(step, 3 * STEPS_PER_EPOCH);
});

Deno.test("an epoch ends with its mean loss and accuracy, and the last accuracy is the result", async () => {
  const { ends, events } = record();
  assert.equal(await runTraining(new FakeTrainer(2), 32, events, () => false), 50);
  assert.deepEqual(ends, [
    { epoch: 1, meanLoss: 125.5, accuracy: 25 },
    { epoch: 2, meanLoss: 375.5, accuracy: 50 },
  ]);
});

Deno.test("the first loss comes alone and at once; speed and time left are finite", async () => {
  const { batches, events } = record();
  await runTraining(new FakeTrainer(1), 32, events, () => false);
  assert.equal(batches[0].losses.length, 1);
  for (const { imagesPerSecond, secondsLeft } of batches) {
    assert(imagesPerSecond > 0 && Number.isFinite(imagesPerSecond));
    assert(secondsLeft >= 0 && Number.isFinite(secondsLeft));
  }
});

Deno.test("the stop is seen before the next chunk", async () => {
  const trainer = new FakeTrainer(2);
  const { events } = record();
  assert.equal(await runTraining(trainer, 32, events, () => trainer.chunks.length === 3), undefined);
  assert.equal(trainer.chunks.length, 3);
});

Deno.test("the stop is seen in evaluation, and that epoch is not told", async () => {
  const trainer = new FakeTrainer(1);
  const { ends, events } = record();
  assert.equal(await runTraining(trainer, 32, events, () => trainer.step === STEPS_PER_EPOCH), undefined);
  assert.deepEqual(ends, []);
});

Deno.test("a chunk grows to about 20 ms of work and shrinks at once when steps get slow", () => {
  const pace = new Pace();
  assert.equal(pace.chunkSteps, 1);
  for (let i = 0; i < 12; i++) pace.took(pace.chunkSteps, pace.chunkSteps * 0.1);
  assert.equal(pace.chunkSteps, 200);
  pace.took(200, 200);
  assert.equal(pace.chunkSteps, 20);
  pace.took(20, 20_000);
  assert.equal(pace.chunkSteps, 1);
});

Deno.test("the remembered speed follows the present one within seconds", () => {
  const pace = new Pace();
  for (let i = 0; i < 100; i++) pace.took(10, 20);
  assert(Math.abs(pace.msPerStep - 2) < 1e-9);
  for (let i = 0; i < 200; i++) pace.took(10, 40);
  assert(Math.abs(pace.msPerStep - 4) < 0.1);
});
