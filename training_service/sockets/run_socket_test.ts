import assert from "node:assert/strict";
import { withLab } from "../testing/lab.ts";

Deno.test("a watcher gets the history so far as one message, then follows the run to its end", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train({ seed: 5 });
    const { run_id } = await owner.next("accepted");
    const training = await lab.engine.next();
    training.start();
    training.steps(1, 5);
    training.endEpoch(1);
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    const history = await onlooker.next("history");
    assert.equal(onlooker.messages[0], history);
    assert.deepEqual(history.losses, [[1, 1]]);
    assert.equal(history.logs.length, 3);
    assert.equal(history.run.state, "running");
    assert.equal(history.run.step, 5);
    assert.equal(history.run.accuracy, 91);
    assert.equal(history.run.device, "fake");
    assert.equal(history.run.config.seed, 5);
    training.steps(6, 10);
    training.endEpoch(2);
    training.finish();
    assert.deepEqual(await onlooker.next("result"), await owner.next("result"));
    assert.equal(await onlooker.end(), 1000);
    assert.deepEqual(onlooker.messages.map(({ type }) => type), ["history", "log", "loss", "result"]);
  });
});

Deno.test("live losses come at most ten times a second, merged so that none is lost", async () => {
  await withLab(async (lab) => {
    const { run_id } = await (await lab.train()).next("accepted");
    const training = await lab.engine.next();
    training.events.onStart({ device: "fake", reason: "as asked", totalSteps: 1000 });
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    await onlooker.next("history");
    const arrivals: number[] = [];
    const began = performance.now();
    for (let step = 1; step < 300; step += 10) {
      training.steps(step, step + 9);
      training.endEpoch(1);
    }
    for (let last = 0; last < 300;) {
      last = (await onlooker.next("loss")).step;
      arrivals.push(performance.now() - began);
    }
    assert(arrivals.length <= 3, `${arrivals.length} messages within ${arrivals.at(-1)} ms`);
    const told = onlooker.of("loss").flatMap(({ step, loss, losses }) => losses ?? [[step, loss]]);
    assert.deepEqual(told.map(([step]) => step), [1, ...Array.from({ length: 30 }, (_, i) => 10 * (i + 1))]);
    assert.equal(told.at(-1)![1], Number((1 / 300).toPrecision(7)));
    assert.equal(onlooker.of("log").length, 30, "other messages come at once");
  });
});

Deno.test("a watcher's abort ends the run for everyone", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    await lab.engine.next();
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    onlooker.send("junk");
    assert.match((await onlooker.next("log")).message, /not valid JSON/);
    onlooker.send({ type: "abort" });
    await onlooker.next("aborted");
    await owner.next("aborted");
    assert.equal(await owner.end(), 1000);
    assert(
      owner.of("log").every(({ message }) => !/JSON/.test(message)),
      "only the sender of junk gets an answer to it",
    );
  });
});

Deno.test("a watcher sees the open question and may answer it", async () => {
  await withLab(async (lab) => {
    const existing = lab.store.add();
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    await owner.next("exists");
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    assert.deepEqual((await onlooker.next("history")).exists?.existing, existing);
    onlooker.send({ type: "overwrite", value: true });
    (await lab.engine.next()).complete();
    await owner.next("result");
  });
});

Deno.test("a finished run is sent with its outcome, then the socket closes", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    (await lab.engine.next()).complete();
    const result = await owner.next("result");
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    const history = await onlooker.next("history");
    assert.deepEqual(history.end, result);
    assert.equal(history.run.state, "done");
    assert.equal(history.run.model_id, result.model_id);
    assert.equal(await onlooker.end(), 1000);
  });
});

Deno.test("an unknown run is reported as an error", async () => {
  await withLab(async (lab) => {
    const onlooker = await lab.connect("/ws/runs/run_nothing");
    assert.match((await onlooker.next("error")).message, /run_nothing/);
    assert.equal(await onlooker.end(), 1008);
  });
});
