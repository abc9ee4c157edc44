import assert from "node:assert/strict";
import type { NamedTensor } from "../../core/models/spec.ts";
import { type LoopTrainer, Pace, runTraining, SnapshotTimer } from "./training_loop.ts";
import { DivergedError, type Divergence, type EpochEnd, type LoopProgress, type LossBatch } from "./training_job.ts";

const STEPS_PER_EPOCH = 250;
/** Batches of 32, the last one short. */
const TRAIN_IMAGES = 249 * 32 + 8;
const LAST_BATCH_SHARE = 8 / 32;
/** Mean loss over an epoch's images, where the loss of step n is n. */
const meanLossOf = (epoch: number) => {
  const steps = Array.from({ length: STEPS_PER_EPOCH }, (_, i) => (epoch - 1) * STEPS_PER_EPOCH + i + 1);
  return (32 * steps.slice(0, -1).reduce((sum, loss) => sum + loss) + 8 * steps.at(-1)!) / TRAIN_IMAGES;
};

/** Pretends to train: the loss of step n is n, the accuracy after it n / 10. */
class FakeTrainer implements LoopTrainer {
  step = 0;
  readonly device: string = "wasm";
  readonly totalSteps: number;
  readonly lastBatchShare = LAST_BATCH_SHARE;
  readonly stop?: Int32Array<SharedArrayBuffer>;
  chunks: number[] = [];

  constructor(epochs: number, readonly stepsPerEpoch = STEPS_PER_EPOCH) {
    this.totalSteps = epochs * stepsPerEpoch;
  }

  run(maxSteps: number): Promise<Float32Array> {
    const steps = Math.min(maxSteps, this.stepsPerEpoch - this.step % this.stepsPerEpoch);
    const losses = Float32Array.from({ length: steps }, (_, i) => this.step + i + 1);
    this.step += steps;
    this.chunks.push(steps);
    return Promise.resolve(losses);
  }

  evaluate(shouldStop?: () => boolean): Promise<number | undefined> {
    return Promise.resolve(shouldStop?.() ? undefined : this.step / 10);
  }

  weights(): Promise<NamedTensor[]> {
    return Promise.resolve([{ name: "w", shape: [2], data: Float32Array.of(1, 2) }]);
  }
}

/** Accepts the next chunk before the last one is done, as a GPU does. The test ends each chunk. */
class QueueingTrainer extends FakeTrainer {
  override readonly device = "webgpu";
  readonly #asked = Promise.withResolvers<void>();
  readonly runs: PromiseWithResolvers<Float32Array>[] = [];

  override run(maxSteps: number): Promise<Float32Array> {
    this.step += maxSteps;
    const run = Promise.withResolvers<Float32Array>();
    if (this.runs.push(run) === 2) this.#asked.resolve();
    return run.promise;
  }

  /** Resolves once two chunks are submitted. */
  get twoAsked(): Promise<void> {
    return this.#asked.promise;
  }
}

function record() {
  const batches: LossBatch[] = [];
  const ends: EpochEnd[] = [];
  const events = { onLosses: (batch: LossBatch) => batches.push(batch), onEpoch: (end: EpochEnd) => ends.push(end) };
  return { batches, ends, events };
}

Deno.test("every loss is reported once and in order, and no batch crosses an epoch", async () => {
  const { batches, events } = record();
  await runTraining(new FakeTrainer(3), TRAIN_IMAGES, events, () => false);
  let step = 0;
  for (const { firstStep, losses, epoch } of batches) {
    assert.equal(firstStep, step + 1);
    for (const loss of losses) assert.equal(loss, ++step);
    assert.equal(Math.ceil(firstStep / STEPS_PER_EPOCH), epoch);
    assert.equal(Math.ceil(step / STEPS_PER_EPOCH), epoch);
  }
  assert.equal(step, 3 * STEPS_PER_EPOCH);
});

Deno.test("an epoch ends with the mean loss over its images and its accuracy, and the last accuracy is the result", async () => {
  const { ends, events } = record();
  assert.equal(await runTraining(new FakeTrainer(2), TRAIN_IMAGES, events, () => false), 50);
  assert.deepEqual(ends, [
    { epoch: 1, meanLoss: meanLossOf(1), accuracy: 25 },
    { epoch: 2, meanLoss: meanLossOf(2), accuracy: 50 },
  ]);
});

Deno.test("the first loss comes alone and at once; speed and time left are finite", async () => {
  const { batches, events } = record();
  await runTraining(new FakeTrainer(1), TRAIN_IMAGES, events, () => false);
  assert.equal(batches[0].losses.length, 1);
  for (const { imagesPerSecond, meanImagesPerSecond, secondsLeft = 0 } of batches) {
    assert(imagesPerSecond > 0 && Number.isFinite(imagesPerSecond));
    assert(meanImagesPerSecond > 0 && Number.isFinite(meanImagesPerSecond));
    assert(secondsLeft >= 0 && Number.isFinite(secondsLeft));
  }
});

Deno.test("the stop is noticed before the next chunk", async () => {
  const trainer = new FakeTrainer(2);
  const { events } = record();
  assert.equal(await runTraining(trainer, TRAIN_IMAGES, events, () => trainer.chunks.length === 3), undefined);
  assert.equal(trainer.chunks.length, 3);
});

Deno.test("losses of an interrupted run are not reported", async () => {
  const trainer = new FakeTrainer(2);
  const { batches, ends, events } = record();
  let stopped = false;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  Object.assign(trainer, { stop });
  trainer.run = () => {
    stopped = true;
    stop[0] = 1;
    trainer.step = STEPS_PER_EPOCH;
    return Promise.resolve(new Float32Array(STEPS_PER_EPOCH).fill(7));
  };
  assert.equal(await runTraining(trainer, TRAIN_IMAGES, events, () => stopped), undefined);
  assert.deepEqual([batches, ends], [[], []]);
});

Deno.test("when two submitted chunks both fail, the training fails with the first, and the other is handled", async () => {
  for (const order of [[0, 1], [1, 0]]) {
    const trainer = new QueueingTrainer(1);
    const outcome = runTraining(trainer, TRAIN_IMAGES, record().events, () => false);
    await trainer.twoAsked;
    for (const index of order) {
      trainer.runs[index].reject(new Error(`chunk ${index}`));
      await Promise.resolve();
    }
    await assert.rejects(outcome, /chunk 0/);
  }
});

Deno.test("a failed or stopped training ends only when no chunk is in progress", async () => {
  for (const stopped of [false, true]) {
    const trainer = new QueueingTrainer(1);
    let ended = false;
    let stop = false;
    const outcome = runTraining(trainer, TRAIN_IMAGES, record().events, () => stop).catch(() => {}).finally(() => {
      ended = true;
    });
    await trainer.twoAsked;
    stop = stopped;
    if (stopped) trainer.runs[0].resolve(new Float32Array(1));
    else trainer.runs[0].reject(new Error("the device is gone"));
    await new Promise((resolve) => setTimeout(resolve));
    assert(!ended);
    trainer.runs[1].resolve(new Float32Array(1));
    await outcome;
  }
});

Deno.test("the speed counts images, not the empty places of a short last batch", async () => {
  const STEP_MS = 20;
  const { batches, events } = record();
  const trainer = new FakeTrainer(1, 1);
  const { run } = trainer;
  trainer.run = async (steps) => {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    return await run.call(trainer, steps);
  };
  await runTraining(trainer, 100, events, () => false);
  const fastest = 100 * 1000 / (STEP_MS - 1);
  assert(batches[0].imagesPerSecond <= fastest, `${batches[0].imagesPerSecond} images/s`);
});

Deno.test("a stop during evaluation is noticed, and that epoch is not reported", async () => {
  const trainer = new FakeTrainer(1);
  const { ends, events } = record();
  assert.equal(await runTraining(trainer, TRAIN_IMAGES, events, () => trainer.step === STEPS_PER_EPOCH), undefined);
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

Deno.test("the slow first steps count in the mean speed, but not in the time left", () => {
  const pace = new Pace();
  pace.took(1, 400);
  assert(!pace.isWarm);
  for (let i = 0; i < 3; i++) pace.took(10, 20);
  assert(pace.isWarm);
  assert.equal(pace.msPerStep, 2);
  assert(Math.abs(pace.meanMsPerStep - 460 / 31) < 1e-9);
});

Deno.test("the remembered speed follows the current one within seconds", () => {
  const pace = new Pace();
  for (let i = 0; i < 100; i++) pace.took(10, 20);
  assert(Math.abs(pace.msPerStep - 2) < 1e-9);
  for (let i = 0; i < 200; i++) pace.took(10, 40);
  assert(Math.abs(pace.msPerStep - 4) < 0.1);
});

Deno.test("after a stop between chunks every step done has its loss reported and counted", async () => {
  for (const steps of [1, 40, STEPS_PER_EPOCH]) {
    const trainer = new FakeTrainer(2);
    const { batches, events } = record();
    const progress: LoopProgress = { epochsDone: 0, lossSum: 0 };
    const stop = () => trainer.step >= steps;
    assert.equal(await runTraining(trainer, TRAIN_IMAGES, events, stop, { progress }), undefined);
    const told = batches.flatMap(({ losses }) => [...losses]);
    assert.equal(told.length, trainer.step);
    const shares = told.map((loss, i) => i === STEPS_PER_EPOCH - 1 ? loss * LAST_BATCH_SHARE : loss);
    assert.deepEqual(progress, { epochsDone: 0, lossSum: shares.reduce((sum, loss) => sum + loss) });
  }
});

Deno.test("a training run resumes within an epoch, before its evaluation and after the last epoch", async () => {
  const sumOf = (steps: number) => steps * (steps + 1) / 2;
  const cases: [step: number, progress: LoopProgress, epochs: number[]][] = [
    [100, { epochsDone: 0, lossSum: sumOf(100) }, [1, 2]],
    [250, { epochsDone: 0, lossSum: sumOf(249) + 250 * LAST_BATCH_SHARE }, [1, 2]],
    [250, { epochsDone: 1, lossSum: 0, accuracy: 25 }, [2]],
    [500, { epochsDone: 2, lossSum: 0, accuracy: 50 }, []],
  ];
  for (const [step, progress, expected] of cases) {
    const trainer = new FakeTrainer(2);
    trainer.step = step;
    const { ends, batches, events } = record();
    assert.equal(await runTraining(trainer, TRAIN_IMAGES, events, () => false, { progress }), 50);
    assert.deepEqual(ends.map(({ epoch }) => epoch), expected);
    assert.deepEqual(ends.map(({ meanLoss }) => meanLoss), [meanLossOf(1), meanLossOf(2)].slice(2 - expected.length));
    assert.equal(batches[0]?.firstStep, step === 500 ? undefined : step + 1);
  }
});

/** The error with which a diverging training ends. */
async function divergenceOf(trainer: LoopTrainer, events = record().events): Promise<Divergence> {
  const error = await runTraining(trainer, TRAIN_IMAGES, events, () => false).then(() => undefined, (error) => error);
  assert.ok(error instanceof DivergedError, String(error));
  return error.divergence;
}

Deno.test("a training run ends at the first step whose loss is not finite, and reports that loss last", async () => {
  for (const [device, value] of [["wasm", NaN], ["webgpu", Infinity]] as const) {
    for (const step of [1, 26, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1]) {
      const trainer = new FakeTrainer(2), { run } = trainer, { batches, ends, events } = record();
      Object.assign(trainer, { device });
      trainer.run = async (steps) => (await run.call(trainer, steps)).map((loss) => loss >= step ? value : loss);
      const lossBefore = step === 1 ? undefined : step - 1;
      assert.deepEqual(await divergenceOf(trainer, events), { step, found: "loss", lossBefore });
      const told = batches.flatMap(({ losses }) => [...losses]);
      assert.deepEqual([told.length, told.at(-1)], [step, value]);
      assert.equal(ends.length, step > STEPS_PER_EPOCH ? 1 : 0);
    }
  }
});

Deno.test("a training run with finite losses ends if its weights or its answers are not finite", async () => {
  const byWeights = new FakeTrainer(1), byAnswers = new FakeTrainer(1), { ends, events } = record();
  byWeights.weights = () => Promise.resolve([{ name: "w", shape: [2], data: Float32Array.of(1, -Infinity) }]);
  byAnswers.evaluate = () => Promise.resolve(NaN);
  const last = { step: STEPS_PER_EPOCH, lossBefore: STEPS_PER_EPOCH };
  assert.deepEqual(await divergenceOf(byWeights, events), { ...last, found: "weights" });
  assert.deepEqual(await divergenceOf(byAnswers, events), { ...last, found: "answers" });
  assert.deepEqual(ends, []);
});

Deno.test("snapshots are taken when due, while no chunk is in progress, even on a GPU", async () => {
  for (const device of ["wasm", "webgpu"]) {
    const trainer = new FakeTrainer(1);
    let running = 0;
    const { run } = trainer;
    trainer.run = async (steps) => {
      running++;
      const losses = await run.call(trainer, steps);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
      return losses;
    };
    Object.assign(trainer, { device });
    const progress: LoopProgress = { epochsDone: 0, lossSum: 0 };
    const kept: number[] = [];
    await runTraining(trainer, TRAIN_IMAGES, record().events, () => false, {
      progress,
      pauses: [{
        due: () => trainer.chunks.length % 3 === 2,
        take() {
          assert.equal(running, 0);
          const short = trainer.step === STEPS_PER_EPOCH ? trainer.step * (1 - LAST_BATCH_SHARE) : 0;
          assert.equal(progress.lossSum, trainer.step * (trainer.step + 1) / 2 - short);
          kept.push(trainer.step);
          return Promise.resolve();
        },
      }],
    });
    assert(kept.length > 0);
  }
});

Deno.test("snapshots come at intervals, less often if they take long", async () => {
  let now = 0, takes = 0;
  const timer = new SnapshotTimer(
    () => {
      now += takes;
      return Promise.resolve();
    },
    1000,
    () => now,
  );
  now = 999;
  assert(!timer.due());
  now = 1000;
  assert(timer.due());
  await timer.take();
  now += 999;
  assert(!timer.due());
  now += 1;
  assert(timer.due());
  takes = 100;
  await timer.take();
  now += 4999;
  assert(!timer.due());
  now += 1;
  assert(timer.due());
});
