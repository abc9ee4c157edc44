/** Tests that one address that takes all it can get leaves room for another. */
import assert from "node:assert/strict";
import { inTime } from "../../lab/in_time_testing.ts";
import { LivePadBoard } from "../../lab/training/live_pad.ts";
import type { RunSummary } from "../../protocol/mod.ts";
import { type TestClient, type TestLab, withLab } from "../testing/lab.ts";

const OTHER = "127.0.0.2";
const COUNT = Deno.env.get("LAB_LONG") ? 64 : 24;

/** Asks for `count` training runs from 127.0.0.1; the first one trains. */
async function occupy(lab: TestLab, count: number): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const client = await lab.train({ seed, learning_rate: seed / 1000 });
    await client.next("accepted");
    clients.push(client);
  }
  return clients;
}

/** Asserts that the other address gets an answer from `/healthz` within a second. */
async function assertAlive(lab: TestLab) {
  const { status } = await inTime(lab.getJson("/healthz", OTHER), "an answer of /healthz", 1000);
  assert.equal(status, 200);
}

Deno.test("a single training waits for the one in progress, but not for the others of an address that has many", async () => {
  await withLab(async (lab) => {
    const before = Deno.memoryUsage().rss;
    await occupy(lab, COUNT);
    const single = await lab.train({ learning_rate: 0.5 }, OTHER);
    const { message, place } = await inTime(single.next("log"), "its place", 1000);
    assert.equal(place, 1);
    assert.equal(message, "Queued: next in line, after SimpleNN [16] from another address.");
    await assertAlive(lab);
    (await lab.engine.next()).complete();
    const training = await lab.engine.next();
    assert.equal(training.job.learningRate, 0.5);
    training.complete();
    await single.next("result");
    const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
    assert(grown < 100, `${grown} MiB`);
  });
});

Deno.test("others see whose a training run is, without its address", async () => {
  await withLab(async (lab) => {
    await occupy(lab, 2);
    const second = await lab.train({ learning_rate: 0.5 }, OTHER);
    await second.next("log");
    const seenBy = async (from: string) => {
      const { body } = await lab.getJson("/api/runs", from);
      assert.doesNotMatch(JSON.stringify(body), /127\.0\.0/);
      return (body as RunSummary[]).map(({ yours }) => yours);
    };
    assert.deepEqual(await seenBy(OTHER), [true, false, false]);
    assert.deepEqual(await seenBy("127.0.0.1"), [false, true, true]);
    const third = await lab.train({ learning_rate: 0.6 }, OTHER);
    assert.equal(
      (await third.next("log")).message,
      "Queued: place 3 in line, after SimpleNN [16] from another address, 1 waiting from another address, " +
        "1 waiting from the same address.",
    );
  });
});

Deno.test("an address that takes all the places it gets leaves some to others", async () => {
  await withLab(async (lab) => {
    const taken = await occupy(lab, 7);
    const refused = await lab.train({ seed: 99 });
    assert.match(
      (await refused.next("error")).message,
      /7 training runs asked for from your address are waiting already/,
    );
    for (let seed = 1; seed <= 3; seed++) {
      await (await lab.train({ seed, learning_rate: 0.5 }, OTHER)).next("accepted");
    }
    assert.match((await (await lab.train({ seed: 9 }, OTHER)).next("error")).message, /3 training runs asked for/);
    await (await lab.train({ seed: 9 }, "127.0.0.3")).next("accepted");
    assert.equal(taken.length, 7);
    await assertAlive(lab);
  }, { maxUnfinished: 12 });
});

Deno.test("an address that has all live pads gives one up to another address and is told", async () => {
  await withLab(async (lab) => {
    const drawing = (grey: number) => new Uint8Array(784).fill(grey).toBase64();
    const { run_id } = await (await lab.train()).next("accepted");
    const training = await lab.engine.next();
    const board = new LivePadBoard(training.job.livePads);
    const greys = () => board.drawings().map(({ pixels }) => pixels[0]).sort();
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const pads: TestClient[] = [];
    for (let grey = 1; grey <= 8; grey++) {
      const pad = await lab.connect(`/ws/runs/${run_id}`);
      pad.send({ type: "watch", pixels: drawing(grey) });
      pads.push(pad);
      await inTime(until(() => greys().length === grey), "a live pad");
    }
    const other = await lab.connect(`/ws/runs/${run_id}`, OTHER);
    other.send({ type: "watch", pixels: drawing(9) });
    assert.match((await pads[7].next("log")).message, /Your live pad was closed: somebody else wants to draw, too/);
    assert.deepEqual(greys(), [1, 2, 3, 4, 5, 6, 7, 9]);
    pads[7].send({ type: "watch", pixels: drawing(8) });
    assert.match((await pads[7].next("log")).message, /^Message ignored: 8 live pads of others are open already/);
    training.guess(1, 7);
    assert.equal((await other.next("guess")).step, 1);
  });
});

Deno.test("anyone who uses the lab may abort a training run, and its owner is told that someone else did", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    await lab.engine.next();
    (await lab.connect(`/ws/runs/${run_id}`, OTHER)).send({ type: "abort" });
    assert.equal((await owner.next("aborted")).message, "Training aborted from another address.");
    const again = await lab.train();
    await lab.engine.next();
    again.send({ type: "abort" });
    assert.equal((await again.next("aborted")).message, "Training aborted by user.");
  });
});

Deno.test("a training run that would take days is refused, the error gives an estimate, and nobody waits for it", async () => {
  await withLab(async (lab) => {
    const endless = await lab.train({ num_epochs: 200, batch_size: 1, hidden_layers_config: [2048] });
    const { message, field } = await endless.next("error");
    assert.equal(field, "batch_size");
    assert.match(
      message,
      /12,000,000 steps would take about \d+ hours here, and this lab takes on training runs of at most 12/,
    );
    assert.equal(await endless.end(), 1008);
    const single = await lab.train({}, OTHER);
    await single.next("accepted");
    const training = await inTime(lab.engine.next(), "the start of the training", 5000);
    training.complete();
    await single.next("result");
    await assertAlive(lab);
  }, { trainImages: 60_000 });
});

Deno.test("dropout that leaves nothing is refused", async () => {
  await withLab(async (lab) => {
    for (const dropout_p of [0.9999999, 1 - Number.EPSILON]) {
      const client = await lab.train({ use_dropout: true, dropout_p });
      const { message, field } = await client.next("error");
      assert.equal(field, "dropout_p");
      assert.match(message, /so near to 1 that of the 1,600 units .* not one would be left/);
    }
    const client = await lab.train({ use_dropout: true, dropout_p: 0.999 });
    await client.next("accepted");
  });
});
