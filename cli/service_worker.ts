/** Entry point of a service in a thread of the lab's process, which has only that thread's permissions. */
import { RegistryError } from "../lab/models/mod.ts";
import { runInferenceService } from "../inference_service/serve.ts";
import { log } from "../service/process/log.ts";
import { type Settings, StartupError } from "../service/process/settings.ts";
import { runTrainingService } from "../training_service/service.ts";
import type { ServiceName } from "../service/process/launch.ts";

/** Messages from the process to the thread of a service. */
export type ToServiceWorker = { type: "serve"; service: ServiceName; settings: Settings } | { type: "stop" };
/** Messages from the thread of a service to the process; `message` is for people. */
export type FromServiceWorker = { type: "listening" } | { type: "ended" } | { type: "failed"; message: string };

const RUN = { training: runTrainingService, inference: runInferenceService };
const stop = new AbortController();
const post = (message: FromServiceWorker) => self.postMessage(message);

// The thread stays open after its service has ended: closing it would end the training thread, too (`Runs.stop`).
self.onmessage = async ({ data }: MessageEvent<ToServiceWorker>) => {
  if (data.type === "stop") return stop.abort();
  try {
    await RUN[data.service](data.settings, { stop: stop.signal, onListen: () => post({ type: "listening" }) });
    post({ type: "ended" });
  } catch (error) {
    const isExpected = error instanceof StartupError || error instanceof RegistryError;
    if (!isExpected) log.error(`the ${data.service} service broke down`, {}, error);
    post({ type: "failed", message: isExpected ? error.message : `The ${data.service} service broke down.` });
  }
};
