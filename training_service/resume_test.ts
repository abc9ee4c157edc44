import assert from "node:assert/strict";
import type { HistoryMessage, RunSummary } from "../protocol/mod.ts";
import { RegistryError } from "../lab/models/mod.ts";
import { eventually } from "./testing/process.ts";
import { CONFIG, type FakeTraining } from "./testing/fakes.ts";
import { type TestClient, type TestLab, withLab } from "./testing/lab.ts";
import { TrainingError } from "../lab/training/training_job.ts";

/** A training run that has reached `step`, with its client. */
async function trainTo(lab: TestLab, step: number, request: object = CONFIG) {
  const client = await lab.connect("/ws/train");
  client.send(request);
  const { run_id } = await client.next("accepted");
  const training = await lab.engine.next();
  training.start("wasm");
  training.steps(1, step);
  return { client, run_id, training };
}

/** Aborts as an engine that stops between two steps does. */
async function abort(client: TestClient, training: FakeTraining, step: number) {
  training.signal.addEventListener("abort", () => training.snapshot(step), { once: true });
  // The fake's own listener came first and ended the training; a snapshot is still kept.
  client.send({ type: "abort" });
  return await client.next("aborted");
}

/** Stops a training run at `step` and returns the id with which it can be resumed. */
async function stopped(lab: TestLab, step: number, request?: object): Promise<string> {
  const { client, run_id, training } = await trainTo(lab, step, request);
  training.snapshot(step);
  await abort(client, training, step);
  // On a busy machine the snapshot is written after `aborted` was sent.
  assert.equal(await eventually(() => lab.runs.get(run_id)!.summary.resume), run_id);
  return run_id;
}

async function refused(lab: TestLab, request: object) {
  const client = await lab.connect("/ws/train");
  client.send(request);
  const error = await client.next("error");
  const code = await client.end();
  assert.deepEqual(client.messages, [error], "nothing but the error comes");
  return { ...error, code };
}

Deno.test("a resumed run trains with the settings, state and progress with which the other stopped", async () => {
  await withLab(async (lab) => {
    const { client, run_id, training } = await trainTo(lab, 7, { ...CONFIG, use_dropout: true, seed: 9 });
    training.endEpoch(1);
    await abort(client, training, 7);
    const next = await lab.connect("/ws/train");
    next.send({ resume: run_id });
    await next.next("accepted");
    assert.deepEqual((await lab.engine.next()).job, {
      ...training.job,
      device: "wasm",
      resume: {
        step: 7,
        tensors: [{ name: "state", shape: [2], data: Float32Array.of(7, 7) }],
        progress: { epochsDone: 1, lossSum: 0.25, accuracy: undefined },
        seconds: 12.5,
      },
    });
    const [summary] = lab.runs.list();
    assert.equal(summary.resumed_from, run_id);
    assert.deepEqual([summary.config.seed, summary.config.use_dropout, summary.step], [9, true, 7]);
    const history = lab.runs.get(summary.id)!.history;
    assert.deepEqual(history.losses, [[1, 1]]);
    assert.match(history.logs.at(-1)!.message, /^Going on with SimpleNN \[16\] with Adam after step 7\.$/);
  });
});

Deno.test("a run resumes on another device on request", async () => {
  await withLab(async (lab) => {
    const run_id = await stopped(lab, 4);
    await trainTo(lab, 5, { resume: run_id, device: "reference" }).then(({ training }) => {
      assert.equal(training.job.device, "reference");
    });
  });
});

Deno.test("a run that cannot be resumed is refused, the error names the field, and nothing is listed", async () => {
  await withLab(async (lab) => {
    const cases: [object, RegExp, string][] = [
      [{ resume: "run_00000000" }, /^resume names "run_00000000", of which no snapshot is kept/, "resume"],
      [{ resume: "../../etc/passwd" }, /no snapshot is kept/, "resume"],
      [{ resume: 7 }, /^resume must be the id of a run, got 7$/, "resume"],
      [{ resume: "" }, /^resume must be the id of a run/, "resume"],
      [{ resume: "x".repeat(201) }, /^resume must be the id of a run/, "resume"],
      [{ resume: "run_1", device: "gpu" }, /^device must be one of/, "device"],
      [{ ...CONFIG, resume: "run_1" }, /^\w+ cannot go with resume: a run goes on with the settings/, "model_type"],
    ];
    for (const [request, message, field] of cases) {
      const error = await refused(lab, request);
      assert.match(error.message, message);
      assert.deepEqual([error.field, error.code], [field, 1008]);
    }
    assert.deepEqual(lab.runs.list(), []);
  });
});

Deno.test("a run cannot be resumed while it runs, or twice at once, but again if its successor ends without progress", async () => {
  await withLab(async (lab) => {
    const { client, run_id, training } = await trainTo(lab, 3);
    assert.match((await refused(lab, { resume: run_id })).message, /still under way/);
    training.snapshot(3);
    await abort(client, training, 3);
    const next = await lab.connect("/ws/train");
    next.send({ resume: run_id });
    const second = await next.next("accepted");
    assert.equal(lab.runs.get(run_id)!.summary.resume, undefined);
    assert.match((await refused(lab, { resume: run_id })).message, /Another training run has resumed the run/);
    await lab.engine.next();
    next.send({ type: "abort" });
    assert.equal((await next.next("aborted")).resume, run_id, "there is nothing newer");
    assert.equal(lab.runs.get(second.run_id)!.summary.resume, run_id);
    assert.equal((await trainTo(lab, 4, { resume: run_id })).training.job.resume!.step, 3);
  });
});

Deno.test("the snapshots of a run and of the run it resumed are removed once its model is stored", async () => {
  await withLab(async (lab) => {
    const run_id = await stopped(lab, 3);
    const { client, training } = await trainTo(lab, 4, { resume: run_id });
    training.snapshot(4);
    training.complete();
    await client.next("result");
    await client.end();
    await lab.runs.close();
    assert.deepEqual(lab.snapshots.list(), []);
    assert(lab.runs.list().every(({ resume }) => resume === undefined));
  });
});

Deno.test("a failed run resumes from the snapshot before its failure", async () => {
  await withLab(async (lab) => {
    const { client, run_id, training } = await trainTo(lab, 6);
    training.snapshot(4);
    training.fail(new TrainingError("The GPU is gone."));
    assert.deepEqual(await client.next("error"), { type: "error", message: "The GPU is gone.", resume: run_id });
    assert.equal((await trainTo(lab, 5, { resume: run_id })).training.job.resume!.step, 4);
  });
});

Deno.test("a model that could not be stored is not lost: resuming the run stores it", async () => {
  await withLab(async (lab) => {
    const { store } = lab.store;
    lab.store.store = () => Promise.reject(new RegistryError("the metadata is damaged: mend the file"));
    const { client, run_id, training } = await trainTo(lab, 10);
    const { onSnapshot } = training.events;
    training.events.onSnapshot = () => {};
    const snapshot = training.snapshot(10);
    training.events.onSnapshot = onSnapshot;
    training.finish({ snapshot });
    assert.equal((await client.next("error")).resume, run_id);
    lab.store.store = store;
    const next = await trainTo(lab, 10, { resume: run_id });
    assert.equal(next.training.job.resume!.step, 10);
    next.training.finish();
    await next.client.next("result");
  });
});

Deno.test("aborted comes in time even if the snapshot takes longer, and the snapshot is still kept", async () => {
  await withLab(async (lab) => {
    const { save } = lab.snapshots;
    const written = Promise.withResolvers<void>();
    lab.snapshots.save = async (...args) => {
      await written.promise;
      await save.apply(lab.snapshots, args);
    };
    const { client, run_id, training } = await trainTo(lab, 4);
    training.snapshot(4);
    const asked = performance.now();
    client.send({ type: "abort" });
    assert.equal((await client.next("aborted")).resume, undefined);
    assert(performance.now() - asked < 250, `it took ${performance.now() - asked} ms`);
    written.resolve();
    await lab.runs.close();
    assert.equal(lab.runs.get(run_id)!.summary.resume, run_id);
  });
});

Deno.test("an abort that leaves no snapshot says so", async () => {
  await withLab(async (lab) => {
    const { client } = await trainTo(lab, 3);
    client.send({ type: "abort" });
    await client.next("log", ({ message }) => /Nothing is kept to resume from/.test(message));
    assert.equal((await client.next("aborted")).resume, undefined);
  });
});

Deno.test("a snapshot that cannot be written is logged once, and the training continues", async () => {
  await withLab(async (lab) => {
    lab.snapshots.save = () => Promise.reject(new RegistryError("cannot keep a snapshot in /m: disk full"));
    const { client, training } = await trainTo(lab, 3);
    training.snapshot(3);
    await client.next("log", ({ message }) => /No snapshot: .*disk full/.test(message));
    training.complete();
    await client.next("result");
  });
});

Deno.test("a damaged snapshot is refused, the error names its file, and the file stays", async () => {
  await withLab(async (lab) => {
    const run_id = await stopped(lab, 3);
    lab.snapshots.read = () => Promise.reject(new RegistryError("cannot read the snapshot /m/x: incomplete"));
    const client = await lab.connect("/ws/train");
    client.send({ resume: run_id });
    assert.deepEqual(await client.next("error"), {
      type: "error",
      message: "cannot read the snapshot /m/x: incomplete",
      resume: run_id,
    });
  });
});

Deno.test("start_from trains from the weights of a stored model and stores a new model", async () => {
  await withLab(async (lab) => {
    const weights = [{ name: "w", shape: [1], data: Float32Array.of(5) }];
    lab.store.readWeights = () => Promise.resolve(weights);
    const old = lab.store.add();
    const { client, training } = await trainTo(lab, 1, { ...CONFIG, start_from: old.id });
    assert.deepEqual(training.job.weights, weights);
    training.complete();
    const { model_id } = await client.next("result");
    assert.deepEqual(lab.store.records.map(({ id, started_from }) => [id, started_from]), [
      [old.id, undefined],
      [model_id, old.id],
    ]);
    const [{ num_epochs }, further] = lab.store.records;
    assert.equal(further.num_epochs, num_epochs + CONFIG.num_epochs, "it has seen the epochs of both training runs");
  });
});

/** Trains `request` to its end, with an interruption at each of `stops` after which `meanwhile` happens. */
async function trainWithStops(lab: TestLab, request: object, stops: number[], meanwhile: () => void) {
  for (const step of stops) {
    request = { resume: await stopped(lab, step, request) };
    meanwhile();
  }
  const { client, training } = await trainTo(lab, 10, request);
  training.finish();
  const { model_id, run_id } = await client.next("result");
  await client.end();
  const record = lab.store.records.find(({ id }) => id === model_id)!;
  return { record, summary: lab.runs.get(run_id)!.summary };
}

Deno.test("a further training that is interrupted counts the epochs before, whatever becomes of the model it started from", async () => {
  const fates: Record<string, (lab: TestLab, id: string) => void> = {
    "stays": () => {},
    "is deleted": (lab) => lab.store.records = [],
    "gets another id": (lab) => lab.store.records = lab.store.records.map((record) => ({ ...record, id: "renamed" })),
    "is overwritten": (lab, id) => {
      lab.store.records = [];
      lab.store.add({ id, num_epochs: 100, hidden_layers_config: [64] });
    },
    "is rewritten by another program": (lab, id) => {
      lab.store.records = [];
      lab.store.add({ id, num_epochs: 100 });
    },
    "cannot be read": (lab) => lab.store.get = () => Promise.reject(new RegistryError("the metadata is damaged")),
  };
  for (const [fate, meanwhile] of Object.entries(fates)) {
    await withLab(async (lab) => {
      const { get } = lab.store, base = lab.store.add({ num_epochs: 5 });
      const request = { ...CONFIG, start_from: base.id };
      const { record, summary } = await trainWithStops(lab, request, [3, 7], () => meanwhile(lab, base.id));
      assert.deepEqual(
        [record.num_epochs, record.assumed, record.started_from, summary.epochs_before],
        [7, undefined, base.id, 5],
        fate,
      );
      lab.store.get = get;
      const again = await trainWithStops(lab, { ...CONFIG, start_from: record.id }, [], () => {});
      assert.equal(again.record.num_epochs, 9, `${fate}; further of further`);
    });
  }
});

Deno.test("a further training of an import adds the epochs that its user stated, and unknown ones stay unknown", async () => {
  const cases: [assumed: string[] | undefined, epochs: number, unknown?: string[]][] = [
    [["optimizer", "num_epochs"], 2, ["num_epochs"]],
    [["optimizer"], 7],
    [undefined, 7],
  ];
  for (const [assumed, epochs, unknown] of cases) {
    await withLab(async (lab) => {
      const base = lab.store.add({ num_epochs: 5, imported: true, assumed });
      const request = { ...CONFIG, start_from: base.id };
      const { record } = await trainWithStops(lab, request, [3], () => lab.store.records = []);
      assert.deepEqual([record.num_epochs, record.assumed], [epochs, unknown]);
      const again = await trainWithStops(lab, { ...CONFIG, start_from: record.id }, [], () => {});
      assert.deepEqual(
        [again.record.num_epochs, again.record.assumed],
        [unknown ? 2 : 9, unknown],
        "further of further",
      );
    });
  }
});

Deno.test("a snapshot that does not say how many epochs came before takes them from the model, if that is there", async () => {
  for (const [isStored, num_epochs, assumed] of [[true, 7, undefined], [false, 2, ["num_epochs"]]] as const) {
    await withLab(async (lab) => {
      const base = lab.store.add({ num_epochs: 5 });
      const { record } = await trainWithStops(lab, { ...CONFIG, start_from: base.id }, [3], () => {
        for (const { history } of lab.snapshots.list()) delete history.run.epochs_before;
        if (!isStored) lab.store.records = [];
      });
      assert.deepEqual([record.num_epochs, record.assumed], [num_epochs, assumed]);
    });
  }
});

Deno.test("start_from refuses a model that is missing or has other layers, and the error names both; dropout may differ", async () => {
  await withLab(async (lab) => {
    const old = lab.store.add({ hidden_layers_config: [32] });
    const cases: [object, RegExp][] = [
      [{ ...CONFIG, start_from: "model_x" }, /^start_from names "model_x", and no such model is stored$/],
      [{ ...CONFIG, start_from: 5 }, /^start_from must be the id of a model, got 5$/],
      [
        { ...CONFIG, start_from: old.id },
        /which is a SimpleNN with hidden layers 32; the configuration is a SimpleNN with hidden layers 16\. Both/,
      ],
      [{ ...CONFIG, model_type: "ConvNN", hidden_layers_config: [32], num_layers: 1, start_from: old.id }, /a ConvNN/],
    ];
    for (const [request, message] of cases) {
      const error = await refused(lab, request);
      assert.match(error.message, message);
      assert.deepEqual([error.field, error.code], ["start_from", 1008]);
    }
    assert.deepEqual(lab.runs.list(), []);
    await trainTo(lab, 1, { ...CONFIG, hidden_layers_config: [32], use_dropout: true, start_from: old.id });
  });
});

Deno.test("runs of earlier services are listed after the current ones, each once, and can be read in the same way", async () => {
  await withLab(async (lab) => {
    const stoppedId = await stopped(lab, 3);
    const { client, run_id, training } = await trainTo(lab, 5, { ...CONFIG, learning_rate: 0.5 });
    training.complete();
    await client.end();
    const ids = async () => ((await lab.getJson("/api/runs")).body as RunSummary[]).map(({ id }) => id);
    assert.deepEqual(await ids(), [run_id, stoppedId]);
    lab.runs.get = () => undefined;
    lab.runs.list = () => [];
    assert.deepEqual(await ids(), [run_id, stoppedId], "as after a restart");
    const { body } = await lab.getJson(`/api/runs/${run_id}`);
    const history = body as HistoryMessage;
    assert.deepEqual([history.run.state, history.end?.type, history.losses.length > 0], ["done", "result", true]);
    assert(history.logs.filter(({ epoch }) => epoch).every(({ seconds }) => seconds! >= 0));
    for (const file of ["history.csv", "curve.svg", "curve.png"]) {
      for (const id of [run_id, stoppedId]) {
        const response = await fetch(`http://${lab.host}/api/runs/${id}/${file}`);
        assert.equal(response.status, 200);
        assert((await response.bytes()).length > 20);
      }
      assert.equal(
        await fetch(`http://${lab.host}/api/runs/run_x/${file}`).then(async (r) => (await r.text(), r.status)),
        404,
      );
    }
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    assert.deepEqual(await onlooker.next("history"), history);
    assert.equal(await onlooker.end(), 1000);
  });
});

Deno.test("stopping the runs leaves the engine open, and closing them closes it", async () => {
  await withLab(async ({ train, engine, runs }) => {
    const client = await train();
    (await engine.next()).start();
    await runs.stop();
    assert.equal((await client.next("aborted")).type, "aborted");
    assert.equal(engine.closed, false);
    await runs.close();
    assert.equal(engine.closed, true);
  });
});
