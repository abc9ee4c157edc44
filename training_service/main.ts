/** Entry point of the training service. */
import { EventLoopDelay } from "../service/event_loop_delay.ts";
import { log } from "../service/log.ts";
import { runMain, serveService } from "../service/serve.ts";
import { readSettings } from "../service/settings.ts";
import { openTrainingService } from "./service.ts";

await runMain(async () => {
  const settings = readSettings();
  log.configure(settings.log);
  const service = await openTrainingService(settings, { delay: new EventLoopDelay() });
  await serveService({
    name: "training service",
    settings,
    port: settings.trainingPort,
    fetch: service.fetch,
    onShutdown: service.close,
  });
});
