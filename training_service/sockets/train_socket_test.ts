import assert from "node:assert/strict";
import { DEFAULT_CONFIG, MAX_MESSAGE_BYTES } from "../../protocol/mod.ts";
import { RegistryError } from "../../lab/models/mod.ts";
import { CONFIG } from "../testing/fakes.ts";
import { type TestLab, withLab } from "../testing/lab.ts";
import { TrainingError } from "../../lab/training/training_job.ts";

async function refused(lab: TestLab, message: unknown): Promise<{ message: string; field?: string }> {
  const client = await lab.connect("/ws/train");
  if (message instanceof Uint8Array) client.socket.send(message as Uint8Array<ArrayBuffer>);
  else client.send(message);
  const error = await client.next("error");
  assert.equal(await client.end(), 1008);
  assert.deepEqual(client.messages, [error], "nothing but the error comes");
  assert.doesNotMatch(error.message, /\n|\bat .*\.ts/, "no stack trace");
  assert.deepEqual(lab.runs.list(), []);
  return error;
}

Deno.test("a training run sends its start, losses, epochs and result, then closes with 1000", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    (await lab.engine.next()).complete();
    assert.equal(await client.end(), 1000);
    const [run] = lab.runs.list();
    assert.deepEqual(client.messages[0], { type: "accepted", run_id: run.id, total_steps: 10 });
    assert.deepEqual(client.of("loss").map(({ step }) => step), [1, 10], "the first, every tenth and the last step");
    assert.deepEqual(client.of("loss")[1], {
      type: "loss",
      step: 10,
      loss: 0.1,
      epoch: 2,
      total_steps: 10,
      images_per_second: 1235,
      mean_images_per_second: 1200,
      seconds_left: 6.8,
      threads: 2,
    });
    const logs = client.of("log");
    assert.equal(logs[0].message, "Starting SimpleNN [16] with Adam.");
    assert.equal(logs[1].message, "Training on fake (as asked): 10 steps in 2 epochs.");
    assert.match(logs[2].message, /^Epoch 1 of 2: mean loss 0\.5000, test accuracy 91\.00 %\.$/);
    assert.equal(logs[3].accuracy, 92);
    assert.equal(logs[3].mean_loss, 0.5);
    assert.equal(logs[3].epoch, 2);
    assert.deepEqual(client.messages.at(-1), {
      type: "result",
      accuracy: 92,
      training_time: 1.5,
      model_path: `/models/${lab.store.records[0].filename}`,
      model_type: "SimpleNN",
      optimizer: "Adam",
      model_id: lab.store.records[0].id,
      run_id: run.id,
      device: "fake",
    });
  });
});

Deno.test("every tenth step is reported, and so is the last one", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    training.events.onStart({ device: "fake", reason: "as asked", totalSteps: 33 });
    training.steps(1, 33);
    training.finish();
    await client.end();
    assert.deepEqual(client.of("loss").map(({ step }) => step), [1, 10, 20, 30, 33]);
  });
});

Deno.test("the engine is asked for exactly the training that the configuration describes", async () => {
  await withLab(async (lab) => {
    await lab.train({ use_dropout: true, dropout_p: 0.4, seed: 7, device: "reference" });
    const { livePads: _, ...job } = (await lab.engine.next()).job;
    assert.deepEqual(job, {
      spec: { modelType: "SimpleNN", hiddenLayers: [16], dropout: 0.4 },
      optimizer: "Adam",
      learningRate: 0.001,
      batchSize: 100,
      epochs: 2,
      seed: 7,
      device: "reference",
      threads: 1,
    });
  });
});

Deno.test("if no seed is given, one is drawn, used and stored", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    training.complete();
    await client.end();
    const [record] = lab.store.records;
    assert(Number.isInteger(record.seed) && training.job.seed === record.seed);
    assert.equal(lab.runs.list()[0].config.seed, record.seed);
    assert.equal(record.dropout_p, 0.3);
    assert.equal(record.num_epochs, 2);
  });
});

Deno.test("an invalid configuration is refused, and the error names the field and its bound", async () => {
  await withLab(async (lab) => {
    const cases: [Partial<Record<string, unknown>>, string, RegExp][] = [
      [{ learning_rate: 2 }, "learning_rate", /at most 1, got 2/],
      [{ learning_rate: 0 }, "learning_rate", /greater than 0/],
      [{ num_epochs: 201 }, "num_epochs", /1 to 200/],
      [{ batch_size: 0 }, "batch_size", /1 to 2048/],
      [{ hidden_layers_config: Array(9).fill(1), num_layers: 9 }, "hidden_layers_config", /at most 8/],
      [{ hidden_layers_config: [4096] }, "hidden_layers_config.0", /1 to 2048/],
      [{ num_layers: 2 }, "num_layers", /hidden_layers_config/],
      [{ dropout_p: 1 }, "dropout_p", /not including, 1/],
      [{ optimizer: "Lion" }, "optimizer", /Adam, SGD, RMSprop, AdamW/],
      [{ model_type: undefined }, "model_type", /missing/],
      [{ batch_size: null }, "batch_size", /missing/],
      [{ sed: 1, use_dropout: null }, "sed", /^unknown field `sed`; did you mean `seed`\?$/],
      [{ use_droput: true }, "use_droput", /did you mean `use_dropout`/],
      [{ overwrite: true }, "overwrite", /^unknown field `overwrite`; known are model_type, /],
      [{ batch_size: undefined, batchsize: 64 }, "batchsize", /did you mean `batch_size`/],
    ];
    for (const [fault, field, message] of cases) {
      const error = await refused(lab, { ...CONFIG, ...fault });
      assert.equal(error.field, field);
      assert.match(error.message, message);
    }
  });
});

Deno.test("an optional field that is null or NaN counts as left out, in a configuration and next to resume", async () => {
  await withLab(async (lab) => {
    const client = await lab.connect("/ws/train");
    const empty = { use_dropout: null, num_layers: null, seed: null, device: null, start_from: null, resume: null };
    client.socket.send(JSON.stringify({ ...CONFIG, ...empty, dropout_p: "x" }).replace('"x"', "NaN"));
    await client.next("accepted");
    const { config } = lab.runs.list()[0];
    assert.deepEqual([config.use_dropout, config.dropout_p], [false, 0.3]);
    client.send({ type: "abort" });
    await client.end();
    const resumed = await lab.connect("/ws/train");
    resumed.send({ resume: "run_00000000", learning_rate: null, seed: null, device: null });
    assert.match((await resumed.next("error")).message, /^resume names "run_00000000", of which no snapshot is kept/);
  });
});

Deno.test("a first message that is not a configuration is refused with the reason", async () => {
  await withLab(async (lab) => {
    assert.match((await refused(lab, "hello")).message, /not valid JSON/);
    assert.match((await refused(lab, "[1, 2]")).message, /JSON object|missing/);
    assert.match((await refused(lab, "null")).message, /JSON object/);
    assert.match(
      (await refused(lab, { type: "overwrite", value: true })).message,
      /must be a configuration.*overwrite/,
    );
    assert.match((await refused(lab, { type: "abort" })).message, /nothing to abort/);
    assert.match((await refused(lab, new Uint8Array(8))).message, /binary/);
    const tooLong = { ...CONFIG, note: "ä".repeat(MAX_MESSAGE_BYTES / 2) };
    assert.match((await refused(lab, tooLong)).message, /longer than 64 KiB/);
  });
});

Deno.test("a configuration of just under 64 KiB is accepted", async () => {
  await withLab(async (lab) => {
    const client = await lab.connect("/ws/train");
    client.socket.send(JSON.stringify(CONFIG).padEnd(MAX_MESSAGE_BYTES));
    await client.next("accepted");
  });
});

Deno.test("abort works during training, and nothing is registered", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    training.start();
    training.steps(1, 3);
    await client.next("loss");
    client.send({ type: "abort" });
    const { step } = await client.next("aborted");
    assert.equal(await client.end(), 1000);
    assert.deepEqual(lab.store.records, []);
    assert.equal(lab.runs.list()[0].state, "aborted");
    assert.equal(step, lab.runs.list()[0].step);
  });
});

Deno.test("a training run that finishes at the moment of the abort is not registered", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    training.start();
    training.finish();
    lab.runs.get(lab.runs.list()[0].id)!.abort();
    await client.next("aborted");
    assert.deepEqual(lab.store.records, []);
  });
});

Deno.test("two training runs queue, learn their positions and train one after the other", async () => {
  await withLab(async (lab) => {
    const first = await lab.train({ seed: 1 });
    const training = await lab.engine.next();
    const second = await lab.train({ learning_rate: 0.002 });
    assert.equal((await second.next("log")).place, 1);
    const third = await lab.train({ learning_rate: 0.003 });
    const { place, message } = await third.next("log");
    assert.equal(place, 2);
    assert.match(message, /place 2/);
    assert(lab.engine.idle, "only one trains");
    training.complete();
    await first.next("result");
    assert.equal((await third.next("log")).place, 1);
    const next = await lab.engine.next();
    assert.equal(next.job.learningRate, 0.002);
    next.complete();
    await second.next("result");
    (await lab.engine.next()).complete();
    await third.next("result");
  });
});

Deno.test("abort works in the queue, and the runs behind move up", async () => {
  await withLab(async (lab) => {
    await lab.train();
    await lab.engine.next();
    const second = await lab.train({ learning_rate: 0.002 });
    await second.next("log");
    const third = await lab.train({ learning_rate: 0.003 });
    await third.next("log");
    second.send({ type: "abort" });
    await second.next("aborted");
    assert.equal((await third.next("log")).place, 1);
  });
});

Deno.test("a run whose client is gone continues and is stored, but never overwrites", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const { run_id } = await client.next("accepted");
    const training = await lab.engine.next();
    const late = await lab.train();
    const { run_id: lateId } = await late.next("accepted");
    await late.next("log");
    client.socket.close();
    late.socket.close();
    await Promise.all([client.end(), late.end()]);
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    const lateOnlooker = await lab.connect(`/ws/runs/${lateId}`);
    await onlooker.next("history");
    await lateOnlooker.next("history");
    training.complete();
    await onlooker.next("result");
    assert.match((await lateOnlooker.next("log")).message, /is kept/);
    assert.equal(lab.store.records.length, 1);
  });
});

Deno.test("junk during a run is answered with a log message, and the run continues", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    await client.next("log", ({ message }) => message.startsWith("Starting"));
    const junk = ["hello", "[]", '{"type":"dance"}', '{"type":"overwrite","value":"yes"}', "x".repeat(70_000)];
    for (const text of junk) {
      client.send(text);
      assert.match((await client.next("log")).message, /^Message ignored: /);
    }
    client.socket.send(new Uint8Array(3));
    assert.match((await client.next("log")).message, /binary/);
    client.send({ type: "overwrite", value: true });
    assert.match((await client.next("log")).message, /Nothing was asked/);
    training.complete();
    await client.next("result");
  });
});

Deno.test("a failed training is reported as an error, and the next one runs", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    (await lab.engine.next()).fail(new TrainingError("There is not enough memory for this training."));
    assert.deepEqual(await client.next("error"), {
      type: "error",
      message: "There is not enough memory for this training.",
    });
    assert.equal(await client.end(), 1000);
    const next = await lab.train();
    (await lab.engine.next()).complete();
    await next.next("result");
    assert.deepEqual(lab.runs.list().map(({ state }) => state), ["done", "failed"]);
  });
});

Deno.test("a model that cannot be stored is an error, not a result", async () => {
  await withLab(async (lab) => {
    lab.store.store = () => Promise.reject(new RegistryError("the disk is full"));
    const client = await lab.train();
    (await lab.engine.next()).complete();
    assert.match((await client.next("error")).message, /the disk is full/);
    assert.equal(await client.end(), 1000);
  });
});

Deno.test("a loss of NaN is logged once and stays valid JSON", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const training = await lab.engine.next();
    training.start();
    const losses = new Float32Array(10).fill(NaN);
    training.events.onLosses({
      firstStep: 1,
      losses,
      epoch: 1,
      imagesPerSecond: 1,
      meanImagesPerSecond: 1,
      secondsLeft: 1,
    });
    training.finish();
    await client.end();
    assert.deepEqual(client.of("loss").map(({ loss }) => loss), [null, null]);
    assert.equal(client.of("log").filter(({ message }) => /smaller learning rate/.test(message)).length, 1);
  });
});

Deno.test("waiting training runs beyond the limit are refused with a message", async () => {
  await withLab(async (lab) => {
    await (await lab.train()).next("accepted");
    await (await lab.train()).next("accepted");
    const third = await lab.train();
    assert.match((await third.next("error")).message, /2 training runs are waiting/);
    assert.equal(await third.end(), 1000);
  }, { maxUnfinished: 2 });
});

Deno.test("the end of the service aborts all runs and stores nothing", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    await lab.engine.next();
    const queued = await lab.train({ seed: 2, learning_rate: 0.5 });
    await queued.next("log");
    await lab.runs.close();
    assert.match((await client.next("aborted")).message, /shutting down/);
    await queued.next("aborted");
    assert(lab.engine.closed);
    assert.deepEqual(lab.store.records, []);
    const late = await lab.train();
    assert.match((await late.next("error")).message, /shutting down/);
  });
});

Deno.test("a listener that throws receives nothing more, and the run continues to its end", async () => {
  const { error } = console;
  console.error = () => {};
  try {
    await withLab(async (lab) => {
      const heard: string[] = [];
      const fail = ({ type }: { type: string }) => {
        heard.push(type);
        if (type === "log") throw new Error("the terminal is gone");
      };
      lab.runs.submit({ ...DEFAULT_CONFIG, hidden_layers_config: [16] }, { onMessage: fail, onEnd() {} });
      (await lab.engine.next()).complete();
      while (lab.runs.unfinished > 0) await new Promise((resolve) => setTimeout(resolve));
      assert.deepEqual(heard, ["accepted", "log"]);
      assert.deepEqual(lab.runs.list().map(({ state }) => state), ["done"]);
      assert.equal(lab.store.records.length, 1);
    });
  } finally {
    console.error = error;
  }
});
