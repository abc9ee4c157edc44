import assert from "node:assert/strict";
import { inTime } from "../../training_service/testing.ts";
import { WatchBoard } from "./live_pad.ts";
import { TrainingError, WorkerClient } from "./worker_engine.ts";
import type { Snapshot, TrainingJob, TrainingStart } from "./training_job.ts";

const FIXTURE = new URL("./worker_engine_testing.ts", import.meta.url);

const JOB: TrainingJob = {
  spec: { modelType: "SimpleNN", hiddenLayers: [] },
  optimizer: "Adam",
  learningRate: 0.001,
  batchSize: 32,
  epochs: 1,
  seed: 1,
  device: "auto",
  threads: 1,
  watched: new WatchBoard().buffer,
};

type Behaviour = "cooperative" | "careful" | "deaf" | "crashing" | "failing" | "obedient" | "unreadable";

async function withClient(behaviour: Behaviour, body: (client: WorkerClient) => Promise<void>) {
  const client = new WorkerClient(behaviour, FIXTURE);
  try {
    await body(client);
  } finally {
    client.close();
  }
}

/** Begins a training; `started` resolves when the worker is at it. */
function begin(
  client: WorkerClient,
  signal = new AbortController().signal,
  onSnapshot: (snapshot: Snapshot) => void = () => {},
) {
  const { promise: started, resolve } = Promise.withResolvers<TrainingStart>();
  const outcome = client.train(JOB, {
    onStart: resolve,
    onLosses() {},
    onEpoch() {},
    onGuess() {},
    onSnapshot,
  }, signal);
  outcome.catch(() => {});
  return { started: inTime(started, "the start"), outcome: inTime(outcome, "the outcome") };
}

async function abortInTime(client: WorkerClient): Promise<TrainingStart> {
  const abort = new AbortController();
  const { started, outcome } = begin(client, abort.signal);
  const start = await started;
  const asked = performance.now();
  abort.abort(new Error("enough"));
  await assert.rejects(outcome, /enough/);
  assert(performance.now() - asked < 250, "the abort took less than 250 ms");
  return start;
}

/** Resolves once the worker's step, which counts in the word after its stop word, is at work no more. */
async function standsStill({ stop }: TrainingStart): Promise<void> {
  const counter = new Int32Array(stop!.buffer, 4, 1);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const watch = async () => {
    for (let before = -1; before !== Atomics.load(counter, 0); await pause()) before = Atomics.load(counter, 0);
  };
  await inTime(watch(), "the end of the worker's step");
}

Deno.test("the worker says how many digits there are, and trains job after job", async () => {
  await withClient("obedient", async (client) => {
    assert.equal(await inTime(client.open(), "the digits"), 60000);
    for (let i = 0; i < 2; i++) assert.equal((await begin(client).outcome).accuracy, 12.5);
  });
});

Deno.test("a worker that looks at the stop flag stops by itself, and stays for the next job", async () => {
  await withClient("cooperative", async (client) => {
    await abortInTime(client);
    await abortInTime(client);
  });
});

Deno.test("a worker that stops between two steps has time to hand its state over, and no step is cut short", async () => {
  await withClient("careful", async (client) => {
    for (let i = 0; i < 2; i++) {
      const abort = new AbortController();
      const snapshots: Snapshot[] = [];
      const { started, outcome } = begin(client, abort.signal, (snapshot) => snapshots.push(snapshot));
      const start = await started;
      abort.abort(new Error("enough"));
      await assert.rejects(outcome, /enough/);
      assert.deepEqual(snapshots.map(({ step, tensors }) => [step, ...tensors[0].data]), [[5, 0]]);
      assert.equal(start.stop![0], 0);
    }
  });
});

Deno.test("a worker that does not is ended, and the next job gets a fresh one", async () => {
  await withClient("deaf", async (client) => {
    for (let i = 0; i < 2; i++) await standsStill(await abortInTime(client));
  });
});

Deno.test("closing ends the work in progress too", async () => {
  await withClient("deaf", async (client) => {
    const abort = new AbortController();
    const { started, outcome } = begin(client, abort.signal);
    const start = await started;
    client.close();
    await standsStill(start);
    abort.abort(new Error("enough"));
    await assert.rejects(outcome, /enough/);
  });
});

Deno.test("a crash fails the job in words, not the service, and the next job gets a fresh worker", async () => {
  const { error } = console;
  console.error = () => {};
  try {
    await withClient("crashing", async (client) => {
      for (let i = 0; i < 2; i++) {
        const { started, outcome } = begin(client);
        assert.equal((await started).device, "crashing");
        await assert.rejects(outcome, (error) => error instanceof TrainingError && /broke down/.test(error.message));
      }
    });
  } finally {
    console.error = error;
  }
});

Deno.test("a training that fails passes its reason on", async () => {
  await withClient("failing", async (client) => {
    await assert.rejects(begin(client).outcome, new TrainingError("The training failed: on purpose"));
  });
});

Deno.test("digits that cannot be read are told with the file", async () => {
  await withClient("unreadable", async (client) => {
    await assert.rejects(client.open(), /train-images: no such file/);
  });
});

Deno.test("an abort before the digits are read does not wait for them", async () => {
  await withClient("deaf", async (client) => {
    const abort = new AbortController();
    const { outcome } = begin(client, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(outcome, /enough/);
  });
});
