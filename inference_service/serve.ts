import { log } from "../service/log.ts";
import { serveService, type Supervision } from "../service/serve.ts";
import type { Settings } from "../service/settings.ts";
import { ConnectionCounts, ConnectionShare } from "./connection_shares.ts";
import { openInferenceService } from "./service.ts";
import { canShareAddress, ServingThreads, servingThreads } from "./serving_threads.ts";

/**
 * Serves on all threads until it is to end; then the process has to be ended. Throws what `openInferenceService` and
 * `serveService` throw.
 */
export async function runInferenceService(
  settings: Settings,
  { stop, onListen }: Supervision = {},
): Promise<void> {
  log.configure(settings.log);
  const service = await openInferenceService(settings);
  const threads = new ServingThreads(), count = servingThreads(settings);
  const counts = ConnectionCounts.of(count);
  await serveService({
    name: "inference service",
    settings,
    port: settings.inferencePort,
    stop,
    sharesAddress: canShareAddress,
    fetch: count > 1 ? new ConnectionShare(counts, 0).balance(service.fetch) : service.fetch,
    onListen(port) {
      threads.start(count - 1, { hostname: settings.host, port }, settings, counts);
      onListen?.(port);
    },
    async onShutdown() {
      service.close();
      await threads.shutdown();
    },
  });
}
