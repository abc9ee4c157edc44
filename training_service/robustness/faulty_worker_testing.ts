/** The real worker, to which something happens in the middle of a training. The seed of its first attempt says what. */
import type { FromWorker, ToWorker } from "../../lab/training/worker_engine.ts";
import "../threads/training_worker.ts";

/** The seeds and what they stand for. */
const FAULTS = { crash: 1, memory: 2, gpu: 3 } as const;

const WHEN_DUE_MS = 11_000;
/** What opens a GPU's device is not told which; so it is remembered. */
let device: GPUDevice | undefined;
if (typeof GPUAdapter !== "undefined") {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return device = await requestDevice.call(this, descriptor);
  };
}

/** Time passes at once until the next snapshot is due. */
let ahead = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + ahead;

let fault: number | undefined, posts = 0;
const receive = self.onmessage!;
self.onmessage = (event: MessageEvent<ToWorker>) => {
  if (event.data.type === "train") {
    const { resume, seed } = event.data.job;
    fault = resume === undefined ? seed : undefined;
    device = undefined;
    posts = 0;
  }
  return receive.call(self, event);
};

const post = self.postMessage.bind(self);
self.postMessage = (message: FromWorker, options?: unknown) => {
  post(message, options as StructuredSerializeOptions);
  if (message.type === "losses" && ++posts === 2) ahead += WHEN_DUE_MS;
  if (message.type !== "snapshot") return;
  // As an error that nobody catches is, but at once.
  if (fault === FAULTS.crash) reportError(new Error("out of luck"));
  // More than any machine has: the engine refuses it as it refuses what a training is one array short of.
  if (fault === FAULTS.memory) new ArrayBuffer(2 ** 46);
  if (fault === FAULTS.gpu) device?.destroy();
};
