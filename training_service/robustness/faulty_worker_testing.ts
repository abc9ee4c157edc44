/** The real worker with a fault during training, which the seed of its first attempt selects. */
import type { FromWorker, ToWorker } from "../../lab/training/worker_engine.ts";
import "../threads/training_worker.ts";

/** Faults by seed. */
const FAULTS = { crash: 1, memory: 2, gpu: 3 } as const;

const WHEN_DUE_MS = 11_000;
/** The GPU device that the engine has opened. */
let device: GPUDevice | undefined;
if (typeof GPUAdapter !== "undefined") {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return device = await requestDevice.call(this, descriptor);
  };
}

/** How far the clock is advanced, to make the next snapshot due. */
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
  // Like an uncaught error, but immediate.
  if (fault === FAULTS.crash) reportError(new Error("out of luck"));
  // More than any machine has, so it is refused like the last allocation of a training run that is too large.
  if (fault === FAULTS.memory) new ArrayBuffer(2 ** 46);
  if (fault === FAULTS.gpu) device?.destroy();
};
