import assert from "node:assert/strict";
import { inTime } from "../in_time_testing.ts";
import type { Log } from "../host.ts";
import { LivePadBoard } from "./live_pad.ts";
import { type Snapshot, TrainingError, type TrainingJob, type TrainingStart } from "./training_job.ts";
import { WorkerEngine } from "./worker_engine.ts";

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
  livePads: new LivePadBoard().buffer,
};

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

type Behaviour = "cooperative" | "careful" | "late" | "deaf" | "crashing" | "failing" | "obedient" | "unreadable";

async function withEngine(behaviour: Behaviour, body: (engine: WorkerEngine) => Promise<void>) {
  const engine = new WorkerEngine({ script: FIXTURE, dataDir: behaviour, log: SILENT });
  try {
    await body(engine);
  } finally {
    engine.close();
  }
}

/** Starts a training run; `started` resolves when the worker has begun. */
function begin(
  engine: WorkerEngine,
  signal = new AbortController().signal,
  onSnapshot: (snapshot: Snapshot) => void = () => {},
) {
  const { promise: started, resolve } = Promise.withResolvers<TrainingStart>();
  const outcome = engine.train(JOB, {
    onStart: resolve,
    onLosses() {},
    onEpoch() {},
    onLivePad() {},
    onSnapshot,
  }, signal);
  outcome.catch(() => {});
  return { started: inTime(started, "the start"), outcome: inTime(outcome, "the outcome") };
}

async function abortInTime(engine: WorkerEngine): Promise<TrainingStart> {
  const abort = new AbortController();
  const { started, outcome } = begin(engine, abort.signal);
  const start = await started;
  const asked = performance.now();
  abort.abort(new Error("enough"));
  await assert.rejects(outcome, /enough/);
  assert(performance.now() - asked < 250, "the abort took less than 250 ms");
  return start;
}

/** Resolves once the worker's step has ended; the step counts in the word after its stop word. */
async function standsStill({ stop }: TrainingStart): Promise<void> {
  const counter = new Int32Array(stop!.buffer, 4, 1);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const watch = async () => {
    for (let before = -1; before !== Atomics.load(counter, 0); await pause()) before = Atomics.load(counter, 0);
  };
  await inTime(watch(), "the end of the worker's step");
}

Deno.test("the worker reports the number of digits and trains one job after the other", async () => {
  await withEngine("obedient", async (engine) => {
    assert.equal(await inTime(engine.open(), "the digits"), 60000);
    for (let i = 0; i < 2; i++) assert.equal((await begin(engine).outcome).accuracy, 12.5);
  });
});

Deno.test("a worker that checks the stop flag stops on its own and stays for the next job", async () => {
  await withEngine("cooperative", async (engine) => {
    await abortInTime(engine);
    await abortInTime(engine);
  });
});

Deno.test("a worker that stops between two steps has time to send its state, and no step is interrupted", async () => {
  await withEngine("careful", async (engine) => {
    for (let i = 0; i < 2; i++) {
      const abort = new AbortController();
      const snapshots: Snapshot[] = [];
      const { started, outcome } = begin(engine, abort.signal, (snapshot) => snapshots.push(snapshot));
      const start = await started;
      abort.abort(new Error("enough"));
      await assert.rejects(outcome, /enough/);
      assert.deepEqual(snapshots.map(({ step, tensors }) => [step, ...tensors[0].data]), [[5, 0]]);
      assert.equal(start.stop![0], 0);
    }
  });
});

Deno.test("a worker that comes back late from an aborted job stays for the next one", async () => {
  await withEngine("late", async (engine) => {
    for (let job = 1; job <= 3; job++) assert.equal((await abortInTime(engine)).device, `late ${job}`);
  });
});

Deno.test("a worker that ignores the stop flag is terminated, and the next job gets a new one", async () => {
  await withEngine("deaf", async (engine) => {
    for (let i = 0; i < 2; i++) {
      const start = await abortInTime(engine);
      assert.equal(start.device, "deaf 1");
      await standsStill(start);
    }
  });
});

Deno.test("closing also ends the work in progress", async () => {
  await withEngine("deaf", async (engine) => {
    const abort = new AbortController();
    const { started, outcome } = begin(engine, abort.signal);
    const start = await started;
    engine.close();
    await standsStill(start);
    abort.abort(new Error("enough"));
    await assert.rejects(outcome, /enough/);
  });
});

Deno.test("a crash fails the job with a message but not the service, and the next job gets a new worker", async () => {
  await withEngine("crashing", async (engine) => {
    for (let i = 0; i < 2; i++) {
      const { started, outcome } = begin(engine);
      assert.equal((await started).device, "crashing 1");
      await assert.rejects(outcome, (error) => error instanceof TrainingError && /broke down/.test(error.message));
    }
  });
});

Deno.test("a training run that fails passes its reason on", async () => {
  await withEngine("failing", async (engine) => {
    await assert.rejects(begin(engine).outcome, new TrainingError("The training failed: on purpose"));
  });
});

Deno.test("digits that cannot be read are reported, and the error names the file", async () => {
  await withEngine("unreadable", async (engine) => {
    await assert.rejects(engine.open(), /train-images: no such file/);
  });
});

Deno.test("an abort before the digits are read does not wait for them", async () => {
  await withEngine("deaf", async (engine) => {
    const abort = new AbortController();
    const { outcome } = begin(engine, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(outcome, /enough/);
  });
});
