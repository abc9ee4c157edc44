import assert from "node:assert/strict";
import { Dice } from "../../../testing/fuzz.ts";
import { ActiveThreads } from "./active_threads.ts";

const TRAIN = 0, EVALUATE = 1, GUESS = 2;
/** As a session divides its runs. */
const MAX_STEPS = 64;

/** A machine in a test: the time that a step takes with some number of threads, by a clock that only steps advance. */
class Machine {
  now = 0;
  readonly active: ActiveThreads;
  /** Time with each number of threads since the last call of `shares`. */
  #spent = new Map<number, number>();

  constructor(threads: number, public msPerStep: (threads: number, steps?: number) => number) {
    this.active = new ActiveThreads(threads, () => this.now);
  }

  batch(program = TRAIN, most = MAX_STEPS): number {
    const batch = this.active.next(program, most), ms = batch.steps * this.msPerStep(batch.threads, batch.steps);
    this.now += ms;
    this.#spent.set(batch.threads, (this.#spent.get(batch.threads) ?? 0) + ms);
    this.active.took(program, batch);
    return batch.steps;
  }

  /** Trains for a while; returns the steps per millisecond. */
  train(ms: number): number {
    const began = this.now;
    let steps = 0;
    while (this.now < began + ms) steps += this.batch();
    return steps / (this.now - began);
  }

  /** Trains until `count` threads are active; returns how long that took, in ms. */
  trainUntil(count: number): number {
    const began = this.now;
    while (this.active.count !== count && this.now < began + 60_000) this.batch();
    return this.now - began;
  }
}

/** The time of a step on a machine where nothing else runs: a tenth of it cannot be divided. */
const alone = (ms: number) => (threads: number) => ms * (0.1 + 0.9 / threads);
/** The same on `cores` cores of which other programs have `taken`: threads without a core hold up all others. */
const shared = (ms: number, cores: number, taken: number) => (threads: number) =>
  alone(ms)(threads) * (threads > cores - taken ? 3 : 1);

/** Milliseconds of a step on one thread: SimpleNN [128], SimpleNN [512, 256], ConvNN [128] of batches 32 and 64. */
const STEPS_MS = [0.25, 3, 9, 18];

Deno.test("on a machine that nothing else uses all threads are active, and trials take less than 1 %", () => {
  for (const threads of [2, 4, 8]) {
    for (const ms of [0.01, ...STEPS_MS, 300]) {
      const machine = new Machine(threads, alone(ms));
      machine.train(2000);
      const speed = machine.train(60_000) * alone(ms)(threads);
      assert.equal(machine.active.count, threads);
      assert.ok(speed > 0.99, `${threads} threads, ${ms} ms a step: ${speed} of the full speed`);
    }
  }
});

Deno.test("a core that another program takes or gives back is noticed within a second", () => {
  for (const ms of STEPS_MS) {
    const machine = new Machine(2, alone(ms));
    machine.train(10_000);
    for (let round = 0; round < 5; round++) {
      machine.msPerStep = shared(ms, 2, 1);
      assert.ok(machine.trainUntil(1) < 1000, `${ms} ms a step, a core is taken`);
      assert.ok(machine.train(10_000) * ms > 0.95, `${ms} ms a step, while a core is taken`);
      assert.equal(machine.active.count, 1);
      machine.msPerStep = alone(ms);
      assert.ok(machine.trainUntil(2) < 1000, `${ms} ms a step, a core is given back`);
      machine.train(10_000);
      assert.equal(machine.active.count, 2);
    }
  }
});

Deno.test("where a step takes long and trials are rare, a core that is taken is noticed after a few steps", () => {
  const machine = new Machine(2, alone(200));
  machine.train(60_000);
  machine.msPerStep = shared(200, 2, 1);
  const steps = machine.trainUntil(1) / machine.msPerStep(2);
  assert.ok(steps <= 10, `${steps} steps`);
});

Deno.test("with many cores, about as many threads are active as have a core", () => {
  const machine = new Machine(16, alone(4));
  machine.train(5000);
  for (const taken of [1, 3, 12, 15, 8, 0]) {
    machine.msPerStep = shared(4, 16, taken);
    machine.train(4000);
    const speed = machine.train(4000) * alone(4)(16 - taken);
    assert.ok(speed > 0.85, `${taken} cores are taken, ${machine.active.count} threads: ${speed} of the best speed`);
  }
});

Deno.test("a machine on which more threads are slower gets few, whatever it was opened with", () => {
  const machine = new Machine(32, (threads) => 1 / threads + threads / 8);
  machine.train(5000);
  assert.ok(machine.active.count >= 2 && machine.active.count <= 4, `${machine.active.count} threads`);
});

Deno.test("a thread that keeps its core for some milliseconds after it slept does not win a trial", () => {
  let since = 0, before = 1;
  const machine: Machine = new Machine(2, (threads, steps = 1) => {
    if (threads !== before) since = machine.now;
    before = threads;
    const isFast = machine.now + steps * 0.14 - since < 8;
    return threads === 1 ? 0.25 : isFast ? 0.14 : 0.5;
  });
  machine.trainUntil(1);
  const speed = machine.train(20_000) * 0.25;
  assert.ok(speed > 0.93, `${speed} of the speed of one thread`);
});

Deno.test("noise seldom changes the number of threads", () => {
  const dice = new Dice(7);
  for (const [one, two] of [[0.25, 0.15], [0.25, 0.4]]) {
    // Batches of 64 steps take between half and twice their time, as on a machine with short jobs of others.
    const noise = () => 2 ** (2 * dice.below(1000) / 1000 - 1);
    const machine = new Machine(2, (threads) => (threads === 1 ? one : two) * noise());
    machine.train(2000);
    let wrong = 0;
    const began = machine.now;
    while (machine.now < began + 60_000) {
      const isWrong = machine.active.count !== (one < two ? 1 : 2), before = machine.now;
      machine.batch();
      if (isWrong) wrong += machine.now - before;
    }
    assert.ok(wrong < 0.05 * 60_000, `${wrong} ms of a minute with the wrong number`);
  }
});

Deno.test("evaluations and live pads between the steps neither decide nor disturb", () => {
  // Alone they would be faster on one thread.
  const machine = new Machine(2, alone(0.25));
  const evaluation = (threads: number) => threads === 1 ? 3 : 3.5, guess = (threads: number) => threads === 1 ? 0.1 : 5;
  const other = (program: number, msPerStep: (threads: number) => number) => {
    const training = machine.msPerStep;
    machine.msPerStep = msPerStep;
    machine.batch(program, 1);
    machine.msPerStep = training;
  };
  for (let epoch = 0; epoch < 20; epoch++) {
    for (let chunk = 0; chunk < 10; chunk++) {
      machine.train(30);
      other(GUESS, guess);
    }
    assert.equal(machine.active.count, 2);
    for (let i = 0; i < 10; i++) other(EVALUATE, evaluation);
  }
  machine.msPerStep = shared(0.25, 2, 1);
  const began = machine.now;
  while (machine.active.count === 2 && machine.now < began + 2000) {
    machine.train(30);
    other(GUESS, guess);
  }
  assert.ok(machine.now < began + 1000);
});

Deno.test("a session of one thread never tries another number", () => {
  const machine = new Machine(1, (threads) => 1 / threads);
  machine.train(1000);
  assert.equal(machine.active.count, 1);
});
