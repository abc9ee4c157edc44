/** Starts the inference service: `deno run inference_service/main.ts`, configured by environment variables. */
import { log } from "../service/log.ts";
import { runMain, serveService } from "../service/serve.ts";
import { readSettings } from "../service/settings.ts";
import { openInferenceService } from "./service.ts";
import { canShareAddress, ServingThreads, servingThreads } from "./serving_threads.ts";

await runMain(async () => {
  const settings = readSettings();
  log.configure(settings.log);
  const service = await openInferenceService(settings);
  const threads = new ServingThreads();
  await serveService({
    name: "inference service",
    settings,
    port: settings.inferencePort,
    sharesAddress: canShareAddress,
    fetch: service.fetch,
    onListen(port) {
      threads.start(servingThreads(settings) - 1, { hostname: settings.host, port });
    },
    async onShutdown() {
      service.close();
      await threads.shutdown();
    },
  });
});
