import assert from "node:assert/strict";
import { withLab } from "../testing/lab.ts";

Deno.test("the question about a duplicate contains its stored record, and no keeps it", async () => {
  await withLab(async (lab) => {
    const existing = lab.store.add();
    const client = await lab.train();
    const { existing: shown, message } = await client.next("exists");
    assert.deepEqual(shown, existing);
    assert.match(message, /Overwrite/);
    assert.equal(lab.runs.list()[0].state, "asking");
    client.send({ type: "overwrite", value: false });
    assert.match((await client.next("log")).message, new RegExp(`${existing.id} is kept`));
    assert.equal(await client.end(), 1000);
    assert.equal(lab.runs.list()[0].state, "kept");
    assert.deepEqual(lab.store.records, [existing]);
    assert(lab.engine.idle);
  });
});

Deno.test("after a yes only the complete new model replaces the old one", async () => {
  await withLab(async (lab) => {
    const existing = lab.store.add();
    const client = await lab.train();
    await client.next("exists");
    client.send({ type: "overwrite", value: true });
    const training = await lab.engine.next();
    assert.deepEqual(lab.store.records, [existing]);
    training.complete();
    const result = await client.next("result");
    assert.deepEqual(lab.store.stored.map(({ replaces }) => replaces), [existing.id]);
    assert.deepEqual(lab.store.records.map(({ id }) => id), [result.model_id]);
    assert.equal(client.of("exists").length, 1);
  });
});

Deno.test("if two clients agree to replace one model, the second is asked again about the first's model", async () => {
  await withLab(async (lab) => {
    const shown = lab.store.add();
    const [first, second] = [await lab.train(), await lab.train()];
    for (const client of [first, second]) {
      assert.deepEqual((await client.next("exists")).existing, shown);
      client.send({ type: "overwrite", value: true });
      await client.next("log");
    }
    (await lab.engine.next()).complete();
    const { model_id } = await first.next("result");
    assert.notEqual(model_id, shown.id);
    assert.equal((await second.next("exists")).existing.id, model_id);
    second.send({ type: "overwrite", value: false });
    assert.equal(await second.end(), 1000);
    assert.deepEqual(lab.store.records.map(({ id }) => id), [model_id]);
  });
});

Deno.test("the client is asked about a model that another lab stored during the training, and only a yes replaces it", async () => {
  await withLab(async (lab) => {
    const shown = lab.store.add();
    const client = await lab.train();
    await client.next("exists");
    client.send({ type: "overwrite", value: true });
    const training = await lab.engine.next();
    lab.store.records = [];
    const foreign = lab.store.add();
    training.complete();
    assert.notEqual(foreign.id, shown.id);
    assert.deepEqual((await client.next("exists")).existing, foreign);
    const other = await lab.train({ learning_rate: 0.002 });
    await lab.engine.next();
    client.send({ type: "overwrite", value: false });
    assert.match((await client.next("log")).message, /is kept; what was trained now is not stored/);
    assert.equal(await client.end(), 1000);
    assert.deepEqual(lab.store.records, [foreign]);
    other.socket.close();
  });
});

Deno.test("after a second yes, the trained model replaces the one that another lab has stored meanwhile", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    const foreign = lab.store.add();
    training.complete();
    assert.equal((await client.next("exists")).existing.id, foreign.id);
    client.send({ type: "overwrite", value: true });
    const { model_id } = await client.next("result");
    assert.deepEqual(lab.store.records.map(({ id }) => id), [model_id]);
  });
});

Deno.test("an abort while the models folder is locked is still in time", async () => {
  await withLab(async (lab) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    lab.store.lock = promise;
    const client = await lab.train();
    (await lab.engine.next()).complete();
    await client.next("log", ({ epoch }) => epoch === 2);
    client.send({ type: "abort" });
    await client.next("aborted", () => true, 500);
    resolve();
    assert.equal(await client.end(), 1000);
    assert.deepEqual(lab.store.records, []);
  });
});

Deno.test("an abort after yes leaves the old model", async () => {
  await withLab(async (lab) => {
    const existing = lab.store.add();
    const client = await lab.train();
    await client.next("exists");
    client.send({ type: "overwrite", value: true });
    await lab.engine.next();
    client.send({ type: "abort" });
    await client.next("aborted");
    assert.deepEqual(lab.store.records, [existing]);
  });
});

Deno.test("a model that differs only in its unused dropout counts as a duplicate, but another dropout rate does not", async () => {
  await withLab(async (lab) => {
    lab.store.add({ dropout_p: 0.5 });
    await (await lab.train()).next("exists");
    await (await lab.train({ learning_rate: 0.002 })).next("accepted");
    await lab.engine.next();
  });
});

Deno.test("dropout without a rate is 0.3, and different rates make different models", async () => {
  await withLab(async (lab) => {
    lab.store.add({ use_dropout: true, dropout_p: 0.5 });
    const client = await lab.train({ use_dropout: true });
    const training = await lab.engine.next();
    assert.equal(training.job.spec.dropout, 0.3);
    training.complete();
    const { model_id } = await client.next("result");
    const again = await lab.train({ use_dropout: true });
    assert.equal((await again.next("exists")).existing.id, model_id);
  });
});

Deno.test("no answer in time keeps the existing model", async () => {
  await withLab(async (lab) => {
    lab.store.add();
    const client = await lab.train();
    await client.next("exists");
    assert.match((await client.next("log")).message, /is kept/);
    assert.equal(await client.end(), 1000);
  }, { answerTimeoutMs: 30 });
});

Deno.test("a client that leaves while it is asked keeps the existing model", async () => {
  await withLab(async (lab) => {
    lab.store.add();
    const client = await lab.train();
    const { run_id } = await client.next("accepted");
    await client.next("exists");
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    client.socket.close();
    assert.match((await onlooker.next("log")).message, /is kept/);
    assert.equal(await onlooker.end(), 1000);
    assert.equal(lab.runs.list()[0].state, "kept");
  });
});

Deno.test("abort works while exists waits for its answer", async () => {
  await withLab(async (lab) => {
    lab.store.add();
    const client = await lab.train();
    await client.next("exists");
    client.send({ type: "abort" });
    assert.equal((await client.next("aborted")).message, "Training aborted by user.");
    assert.equal(await client.end(), 1000);
  });
});

Deno.test("if a duplicate was stored while a run waited, the question comes when it is the run's turn, without delaying others", async () => {
  await withLab(async (lab) => {
    const first = await lab.train();
    const training = await lab.engine.next();
    const same = await lab.train();
    await same.next("log", ({ place }) => place === 1);
    const other = await lab.train({ learning_rate: 0.002 });
    await other.next("log");
    training.complete();
    const { model_id } = await first.next("result");
    assert.equal((await same.next("exists")).existing.id, model_id);
    const trainingOfOther = await lab.engine.next();
    assert.equal(trainingOfOther.job.learningRate, 0.002);
    same.send({ type: "overwrite", value: true });
    await same.next("log", ({ place }) => place === 1);
    trainingOfOther.complete();
    await other.next("result");
    (await lab.engine.next()).complete();
    await same.next("result");
    assert.equal(lab.store.stored.at(-1)!.replaces, model_id);
  });
});
