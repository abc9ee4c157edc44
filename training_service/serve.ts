import { EventLoopDelay } from "../service/process/health.ts";
import { log } from "../service/process/log.ts";
import { serveService, type Supervision } from "../service/process/serve.ts";
import type { Settings } from "../service/process/settings.ts";
import { openTrainingService } from "./service.ts";

/**
 * Serves until it is to end; then the process has to be ended. Throws what `openTrainingService` and `serveService` throw.
 */
export async function runTrainingService(settings: Settings, supervision: Supervision = {}): Promise<void> {
  log.configure(settings.log);
  const service = await openTrainingService(settings, { delay: new EventLoopDelay() });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    ...supervision,
    soundness: service.opened,
    fetch: service.fetch,
    onShutdown: service.stop,
  });
}
