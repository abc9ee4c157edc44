/** Training runs that diverge end as errors and store no model, and their history stays. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { HistoryMessage, RunSummary } from "../../protocol/mod.ts";
import { testModel, testWeights } from "../../lab/models/registry_testing.ts";
import { DivergedError } from "../../lab/training/training_job.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { CONFIG } from "../testing/fakes.ts";
import { withLab } from "../testing/lab.ts";
import { withOpenLab } from "../testing/open_lab.ts";
import { foldersOf, withDigits } from "../testing/process.ts";

/** Its loss is NaN at step 25. */
const DIVERGING = {
  model_type: "SimpleNN",
  optimizer: "SGD",
  learning_rate: 1,
  num_epochs: 1,
  batch_size: 64,
  hidden_layers_config: [512, 512],
  seed: 3,
};
const MESSAGE =
  /^The training diverged at step (\d+) of 938: the loss is no longer a finite number \([\d.e+]+ before\)\. Nothing is stored\. Try a smaller learning rate \(such as 0\.1\), the schedule one_cycle \(it begins with small steps\), or the optimizer Adam with 0\.001\.$/;
const TRAINING_MS = 60_000;

Deno.test("a training run that diverges ends as an error with the step and advice, stores nothing, and its history stays", () =>
  withDigits(async (dir) => {
    let id = "";
    await withOpenLab(dir, async ({ train, get }) => {
      const client = await train(DIVERGING);
      id = (await client.next("accepted")).run_id;
      const error = await client.next("error", () => true, TRAINING_MS);
      const step = Number(MESSAGE.exec(error.message)?.[1]);
      assert.ok(step > 1 && step < 100, error.message);
      assert.equal(error.resume, undefined, "it would diverge again");
      assert.equal(await client.end(), 1000);
      assert.deepEqual(client.of("result"), []);
      assert.deepEqual(client.of("loss").at(-1), { ...client.of("loss").at(-1), step, loss: null });

      const { body: history }: { body: HistoryMessage } = await get(`/api/runs/${id}`);
      assert.deepEqual([history.run.state, history.run.step, history.end?.type], ["failed", step, "error"]);
      assert.deepEqual((await get("/api/models")).body, []);
      const names = [...Deno.readDirSync(foldersOf(dir).modelsDir)].map(({ name }) => name);
      assert.deepEqual(names.filter((name) => /\.pth|metadata|history/.test(name)), []);

      const again = await train({ resume: id });
      assert.match((await again.next("error")).message, /^resume names run_\w+, .*diverged: start it anew/);
      assert.equal(await again.end(), 1008);
    });
    await withOpenLab(dir, async ({ get }) => {
      const [run]: RunSummary[] = (await get("/api/runs")).body;
      assert.deepEqual([run.id, run.state, run.resume], [id, "failed", undefined], "after a restart, too");
      const { losses, end }: HistoryMessage = (await get(`/api/runs/${id}`)).body;
      assert.deepEqual([losses.at(-1)![1], end?.type], [null, "error"]);
      assert.match(run.message!, MESSAGE);
    });
  }));

Deno.test("no snapshot of a diverged run is offered, neither its own nor that of the run that it resumed", async () => {
  await withLab(async (lab) => {
    const first = await lab.train();
    const { run_id } = await first.next("accepted");
    const begun = await lab.engine.next();
    begun.start("wasm");
    begun.steps(1, 4);
    begun.snapshot(3);
    begun.fail(new DivergedError({ step: 5, found: "weights" }));
    const error = await first.next("error");
    assert.match(
      error.message,
      /diverged at step 5 of 10: a weight .* \(such as 0\.0001\) or the schedule one_cycle \(it begins with small steps\)\.$/,
    );
    assert.equal(error.resume, undefined);
    await first.end();

    const second = await lab.train({ seed: 2 });
    const { run_id: stopped } = await second.next("accepted");
    const training = await lab.engine.next();
    training.start("wasm");
    training.steps(1, 4);
    training.snapshot(3);
    second.send({ type: "abort" });
    await second.end();
    const third = await lab.connect("/ws/train");
    third.send({ resume: stopped });
    const resumed = await lab.engine.next();
    resumed.start("wasm");
    resumed.fail(new DivergedError({ step: 10, found: "answers", lossBefore: 3 }));
    assert.match(
      (await third.next("error")).message,
      /diverged at step 10 of 10: the weights are so large that answers/,
    );
    await third.end();
    await lab.runs.close();
    assert.deepEqual([run_id, stopped].map((id) => lab.snapshots.canResume(id)), [false, false]);
    assert.ok(lab.runs.list().every(({ resume }) => resume === undefined));
    assert.deepEqual(lab.store.records, []);
  });
});

Deno.test("a diverged training does not replace the model that it should have overwritten", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    await client.next("exists");
    client.send({ type: "overwrite", value: true });
    const training = await lab.engine.next();
    training.start();
    training.fail(new DivergedError({ step: 1, found: "loss" }));
    assert.match((await client.next("error")).message, /the loss is no longer a finite number\. Nothing is stored\./);
    assert.equal(lab.store.records.length, 1);
    assert.deepEqual(lab.store.stored, []);
  }, { prepare: (store) => void store.add() });
});

Deno.test("no training run starts from a stored model whose weights are not finite", () =>
  withDigits(async (dir) => {
    const registry = await openRegistry(join(foldersOf(dir).modelsDir), { write: true });
    const { id } = await registry.store(testModel, testWeights(NaN));
    await withOpenLab(dir, async ({ train }) => {
      const { dropout_p: _, accuracy: __, training_time: ___, ...config } = testModel;
      const client = await train({ ...config, start_from: id });
      const { message, field } = await client.next("error");
      assert.equal(field, "start_from");
      assert.match(message, new RegExp(`^start_from names ${id}, whose weights are not all finite numbers`));
    });
  }));

Deno.test("no run resumes from a snapshot with NaN weights, which an earlier lab may have kept", async () => {
  await withLab(async (lab) => {
    const first = await lab.train();
    const { run_id } = await first.next("accepted");
    const training = await lab.engine.next();
    training.start("wasm");
    training.steps(1, 4);
    const snapshot = { step: 4, tensors: [{ name: "w", shape: [1], data: Float32Array.of(NaN) }], seconds: 1 };
    training.events.onSnapshot({ ...snapshot, progress: { epochsDone: 0, lossSum: 1 } });
    first.send({ type: "abort" });
    await first.end();
    const second = await lab.connect("/ws/train");
    second.send({ resume: run_id });
    const { message, field } = await second.next("error");
    assert.match(message, /^resume names a run whose snapshot holds weights that are not numbers/);
    assert.equal(field, "resume");
    assert.ok(lab.engine.idle, CONFIG.model_type);
  });
});
