/** A worker for `worker_engine_test.ts` that behaves as the name of its data folder says. */
import type { FromWorker, ToWorker } from "./worker_engine.ts";

let behaviour: string;
let stopFlag: Int32Array<SharedArrayBuffer>;
let jobs = 0;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "open") {
    behaviour = data.dataDir;
    stopFlag = new Int32Array(data.stopFlag);
    if (behaviour === "unreadable") return post({ type: "unreadable", message: "train-images: no such file" });
    return post({ type: "ready", trainImages: 60000 });
  }
  // Two words: the stop word of a step, and how often the step has checked it.
  const step = new Int32Array(new SharedArrayBuffer(8));
  const stop = step.subarray(0, 1);
  post({ type: "start", start: { device: `${behaviour} ${++jobs}`, reason: "as asked", totalSteps: 1, stop } });
  if (behaviour === "cooperative") {
    while (Atomics.load(stopFlag, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    post({ type: "stopped" });
  } else if (behaviour === "careful") {
    // Its snapshot takes longer than a silent worker may take.
    while (Atomics.load(stopFlag, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    post({ type: "stopping" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const tensors = [{ name: "torn", shape: [1], data: Float32Array.of(Atomics.load(stop, 0)) }];
    post({ type: "snapshot", snapshot: { step: 5, tensors, progress: { epochsDone: 0, lossSum: 1 }, seconds: 1 } });
    post({ type: "stopped" });
  } else if (behaviour === "late") {
    while (Atomics.load(stopFlag, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 400));
    post({ type: "stopped" });
  } else if (behaviour === "deaf") {
    while (Atomics.load(step, 0) === 0) Atomics.add(step, 1, 1);
  } else if (behaviour === "crashing") {
    setTimeout(() => {
      throw new Error("out of luck");
    });
  } else if (behaviour === "failing") {
    post({ type: "failed", message: "The training failed: on purpose" });
  } else {
    post({ type: "trained", model: { weights: [], accuracy: 12.5, trainingTime: 0.25 } });
  }
};

function post(message: FromWorker) {
  self.postMessage(message);
}
