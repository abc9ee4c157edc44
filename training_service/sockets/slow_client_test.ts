/** Tests clients that stop reading during a run, over real sockets. */
import assert from "node:assert/strict";
import { collectGarbage } from "../../core/testing/fuzz.ts";
import { RawSocket } from "../../service/testing/raw_socket.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { CONFIG } from "../testing/fakes.ts";
import { withLab } from "../testing/lab.ts";

/**
 * The largest run, at batch size 1: 12 million steps, of which 1.2 million are reported. The buffers of both systems
 * take the losses of some millions first.
 */
const EPOCHS = 200, IMAGES = 60_000;
const CHUNK = 5000;

async function usedBytes(): Promise<number> {
  // Lets other sockets take their turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

for (const path of ["/ws/train", "/ws/runs/{id}"]) {
  Deno.test(`a client of ${path} that stops reading costs little memory, is closed, and can join again`, async () => {
    await withLab(async (lab) => {
      const config = { ...CONFIG, hidden_layers_config: [16], batch_size: 1, num_epochs: EPOCHS };
      const starter = path === "/ws/train" ? await RawSocket.open(lab.host, path) : undefined;
      if (starter) await starter.send(JSON.stringify(config));
      else (await lab.train(config, "127.0.0.2")).socket.onmessage = () => {};
      const training = await lab.engine.next();
      const [{ id }] = lab.runs.list();
      const slow = starter ?? await RawSocket.open(lab.host, `/ws/runs/${id}`);
      // Joins before the losses come.
      if (!starter) await slow.read();
      training.start();
      const run = lab.runs.get(id)!, { unsubscribe } = run;
      let isGivenUp = false;
      run.unsubscribe = (listener) => {
        isGivenUp ||= listener.client === "127.0.0.1";
        unsubscribe.call(run, listener);
      };
      const before = await usedBytes();
      let most = 0, steps = 0;
      for (; !isGivenUp; steps += CHUNK) {
        assert.ok(steps < EPOCHS * IMAGES, "the largest run is over");
        training.steps(steps + 1, steps + CHUNK);
        if (steps % (20 * CHUNK) === 0) most = Math.max(most, await usedBytes());
      }
      console.log(`${path}: at most ${((most - before) / 2 ** 20).toFixed(1)} MiB more, ${steps} steps`);
      assert.ok(most - before < 16 * 2 ** 20, `${most - before} bytes for a client that does not read`);
      // Now it reads again.
      const close = await inTime(slow.readToEnd(), "the close", 20_000);
      assert.equal(close?.code, 1013);
      assert.match(close!.reason, /join again at \/ws\/runs/);
      slow.close();
      const again = await lab.connect(`/ws/runs/${id}`);
      const { run: told, losses } = await again.next("history");
      assert.deepEqual([told.state, losses[0][0], losses.at(-1)![0]], ["running", 1, steps]);
      // There is no client to ask, but the run continues.
      training.finish();
      assert.equal((await again.next("result")).run_id, id);
    }, { trainImages: IMAGES });
  });
}

Deno.test("a run outlives a client that vanishes", async () => {
  await withLab(async (lab) => {
    const client = await RawSocket.open(lab.host, "/ws/train");
    await client.send(JSON.stringify(CONFIG));
    const training = await lab.engine.next();
    const [{ id }] = lab.runs.list();
    client.close();
    training.complete();
    const onlooker = await lab.connect(`/ws/runs/${id}`);
    await onlooker.end();
    assert.equal(lab.runs.get(id)?.state, "done");
    assert.equal(lab.store.stored.length, 1);
  });
});
