import assert from "node:assert/strict";
import { Guesser, WatchBoard } from "./live_pad.ts";
import type { Guess } from "./training_job.ts";

/** A trainer whose every answer takes `ms` on a clock of its own. */
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
  const board = new WatchBoard(), told: Guess[] = [];
  const guesser = new Guesser(board, trainer, (guess) => told.push(guess), () => clock.now);
  const show = (place: number, grey: number) =>
    board.put({ place, number: 1 + grey, pixels: new Uint8Array(784).fill(grey) });
  return { clock, stop, board, told, guesser, show };
}

/** How often a guess is due in ten seconds of training that looks every 20 ms, and what share of them guessing took. */
async function overTenSeconds(ms: number, drawings: number): Promise<{ rounds: number; share: number }> {
  const { clock, guesser, show } = setUp(ms);
  for (let place = 0; place < drawings; place++) show(place, 1);
  let rounds = 0;
  while (clock.now < 10_000) {
    clock.now += 20;
    if (!guesser.due()) continue;
    await guesser.take();
    rounds++;
  }
  return { rounds, share: rounds * ms * drawings / clock.now };
}

Deno.test("nothing is due while nobody watches", () => {
  const { guesser, board, show, clock } = setUp(1);
  assert(!guesser.due());
  show(3, 9);
  assert(guesser.due());
  board.clear(3);
  clock.now = 1000;
  assert(!guesser.due());
});

Deno.test("quick answers come at most eight times a second", async () => {
  const { rounds } = await overTenSeconds(0.1, 1);
  assert(rounds >= 65 && rounds <= 80, `${rounds} in ten seconds`);
});

Deno.test("slow answers, and many, take no more than 4 % of the time", async () => {
  for (const [ms, drawings] of [[10, 1], [10, 8], [100, 1]]) {
    const { rounds, share } = await overTenSeconds(ms, drawings);
    assert(rounds >= 2 && share <= 0.04, `${rounds} rounds took ${100 * share} %`);
  }
});

Deno.test("every drawing is answered under its number and with the step", async () => {
  const { guesser, told, show } = setUp(1);
  show(0, 10);
  show(7, 20);
  await guesser.take();
  assert.deepEqual(told.map(({ place, number, step, probabilities }) => [place, number, step, probabilities[0]]), [
    [0, 11, 5, 10],
    [7, 21, 5, 20],
  ]);
});

Deno.test("an answer that was cut short is not told", async () => {
  const { guesser, told, show, stop } = setUp(1);
  show(0, 10);
  stop[0] = 1;
  await guesser.take();
  assert.deepEqual(told, []);
});
