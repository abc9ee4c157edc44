import { log } from "../service/log.ts";
import { serveService } from "../service/serve.ts";
import type { Settings } from "../service/settings.ts";
import { openInferenceService } from "./service.ts";
import { canShareAddress, ServingThreads, servingThreads } from "./serving_threads.ts";

/**
 * Serves on all threads until `stop` is aborted, or else until SIGINT or SIGTERM. Throws what `openInferenceService` and
 * `serveService` throw.
 */
export async function runInferenceService(settings: Settings, stop?: AbortSignal): Promise<void> {
  log.configure(settings.log);
  const service = await openInferenceService(settings);
  const threads = new ServingThreads();
  await serveService({
    name: "inference service",
    settings,
    port: settings.inferencePort,
    stop,
    sharesAddress: canShareAddress,
    fetch: service.fetch,
    onListen(port) {
      threads.start(servingThreads(settings) - 1, { hostname: settings.host, port }, settings);
    },
    async onShutdown() {
      service.close();
      await threads.shutdown();
    },
  });
}
