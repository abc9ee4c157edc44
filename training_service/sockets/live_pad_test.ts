import assert from "node:assert/strict";
import { withLab } from "../testing/lab.ts";
import { LivePadBoard } from "../../lab/training/live_pad.ts";

/** 784 equal pixels, as a client sends them. */
function drawing(grey: number): string {
  return new Uint8Array(784).fill(grey).toBase64();
}

/** Repeats `check` until it passes: messages take a moment to arrive. */
async function eventually<T>(check: () => T): Promise<T> {
  const deadline = performance.now() + 5000;
  for (;;) {
    try {
      return check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("answers for a live pad go only to its client, until it is removed", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    const training = await lab.engine.next();
    training.start();
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    onlooker.send({ type: "watch", pixels: drawing(200) });
    const board = new LivePadBoard(training.job.livePads);
    await eventually(() => assert.deepEqual(board.drawings().map(({ pixels }) => pixels[783]), [200]));
    training.guess(4, 7);
    const guess = await onlooker.next("guess");
    assert.deepEqual(guess, { type: "guess", step: 4, probabilities: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0] });

    onlooker.send({ type: "watch", pixels: null });
    await eventually(() => assert(board.isEmpty));
    training.guess(5, 8);
    training.complete();
    await onlooker.end();
    await owner.end();
    assert.equal(onlooker.of("guess").length, 1);
    assert.equal(owner.of("guess").length, 0);
  });
});

Deno.test("the answer to a drawing that has been replaced is not sent", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    const board = new LivePadBoard(training.job.livePads);
    const show = async (grey: number) => {
      client.send({ type: "watch", pixels: drawing(grey) });
      await eventually(() => assert.equal(board.drawings()[0]?.pixels[0], grey));
      return board.drawings()[0];
    };
    const probabilities = new Float32Array(10).fill(0.1);
    const old = await show(10);
    const { slot, number } = await show(20);
    training.events.onLivePad({ ...old, step: 1, probabilities });
    training.events.onLivePad({ slot, number, step: 2, probabilities });
    assert.equal((await client.next("guess")).step, 2);
    training.complete();
    await client.end();
    assert.equal(client.of("guess").length, 1);
  });
});

Deno.test("a live pad may be set while the run waits, and its slot is free once its client is gone", async () => {
  await withLab(async (lab) => {
    await (await lab.train()).next("accepted");
    const first = await lab.engine.next();
    const queued = await lab.train({ learning_rate: 0.002 });
    await queued.next("log");
    queued.send({ type: "watch", pixels: drawing(30) });
    first.complete();
    const training = await lab.engine.next();
    const board = new LivePadBoard(training.job.livePads);
    await eventually(() => assert.equal(board.drawings()[0]?.pixels[0], 30));
    queued.socket.close();
    await eventually(() => assert(board.isEmpty));
  });
});

Deno.test("live pads beyond the number of slots are refused with a message, and so are invalid drawings", async () => {
  await withLab(async (lab) => {
    const { run_id } = await (await lab.train()).next("accepted");
    const training = await lab.engine.next();
    for (let i = 0; i < 8; i++) {
      const client = await lab.connect(`/ws/runs/${run_id}`);
      client.send({ type: "watch", pixels: drawing(i + 1) });
    }
    await eventually(() => assert.equal(new LivePadBoard(training.job.livePads).drawings().length, 8));
    const ninth = await lab.connect(`/ws/runs/${run_id}`);
    ninth.send({ type: "watch", pixels: drawing(9) });
    assert.match((await ninth.next("log")).message, /^Message ignored: 8 live pads of others are open already/);
    for (const pixels of ["AAAA", 7, "é".repeat(1048), undefined]) {
      ninth.send({ type: "watch", pixels });
      assert.match((await ninth.next("log")).message, /^Message ignored: pixels (must be 784 bytes|is missing)/);
    }
  });
});

Deno.test("answers of NaN are sent as valid JSON", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    client.send({ type: "watch", pixels: drawing(1) });
    const board = new LivePadBoard(training.job.livePads);
    const { slot, number } = await eventually(() => {
      assert(!board.isEmpty);
      return board.drawings()[0];
    });
    training.events.onLivePad({ slot, number, step: 3, probabilities: new Float32Array(10).fill(NaN) });
    assert.equal((await client.next("guess")).probabilities, null);
  });
});
