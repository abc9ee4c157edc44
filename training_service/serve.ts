import { EventLoopDelay } from "../service/event_loop_delay.ts";
import { log } from "../service/log.ts";
import { serveService } from "../service/serve.ts";
import type { Settings } from "../service/settings.ts";
import { openTrainingService } from "./service.ts";

/**
 * Serves until `stop` is aborted, or else until SIGINT or SIGTERM. Throws what `openTrainingService` and `serveService`
 * throw.
 */
export async function runTrainingService(settings: Settings, stop?: AbortSignal): Promise<void> {
  log.configure(settings.log);
  const service = await openTrainingService(settings, { delay: new EventLoopDelay() });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    stop,
    soundness: service.opened,
    fetch: service.fetch,
    onShutdown: service.close,
  });
}
