import assert from "node:assert/strict";
import { LivePadBoard, LivePadClassifier } from "./live_pad.ts";
import type { LivePadAnswer } from "./training_job.ts";

/** A trainer whose every answer takes `ms` on a simulated clock. */
function setUp(ms: number) {
  const clock = { now: 0 };
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const trainer = {
    step: 5,
    stop,
    guess(pixels: Uint8Array) {
      clock.now += ms;
      return Promise.resolve(new Float32Array(10).fill(pixels[0]));
    },
  };
  const board = new LivePadBoard(), told: LivePadAnswer[] = [];
  const classifier = new LivePadClassifier(board, trainer, (answer) => told.push(answer), () => clock.now);
  const show = (slot: number, grey: number) =>
    board.put({ slot, number: 1 + grey, pixels: new Uint8Array(784).fill(grey) });
  return { clock, stop, board, told, classifier, show };
}

/**
 * How often an answer is due in ten seconds of training that checks every 20 ms, and the share of that time spent
 * answering.
 */
async function overTenSeconds(ms: number, drawings: number): Promise<{ rounds: number; share: number }> {
  const { clock, classifier, show } = setUp(ms);
  for (let slot = 0; slot < drawings; slot++) show(slot, 1);
  let rounds = 0;
  while (clock.now < 10_000) {
    clock.now += 20;
    if (!classifier.due()) continue;
    await classifier.take();
    rounds++;
  }
  return { rounds, share: rounds * ms * drawings / clock.now };
}

Deno.test("nothing is due while there is no drawing", () => {
  const { classifier, board, show, clock } = setUp(1);
  assert(!classifier.due());
  show(3, 9);
  assert(classifier.due());
  board.clear(3);
  clock.now = 1000;
  assert(!classifier.due());
});

Deno.test("quick answers come at most eight times a second", async () => {
  const { rounds } = await overTenSeconds(0.1, 1);
  assert(rounds >= 65 && rounds <= 80, `${rounds} in ten seconds`);
});

Deno.test("slow or numerous answers take no more than 4 % of the time", async () => {
  for (const [ms, drawings] of [[10, 1], [10, 8], [100, 1]]) {
    const { rounds, share } = await overTenSeconds(ms, drawings);
    assert(rounds >= 2 && share <= 0.04, `${rounds} rounds took ${100 * share} %`);
  }
});

Deno.test("every answer has the number of its drawing and the step", async () => {
  const { classifier, told, show } = setUp(1);
  show(0, 10);
  show(7, 20);
  await classifier.take();
  assert.deepEqual(told.map(({ slot, number, step, probabilities }) => [slot, number, step, probabilities[0]]), [
    [0, 11, 5, 10],
    [7, 21, 5, 20],
  ]);
});

Deno.test("an answer that was cut short is not sent", async () => {
  const { classifier, told, show, stop } = setUp(1);
  show(0, 10);
  stop[0] = 1;
  await classifier.take();
  assert.deepEqual(told, []);
});
