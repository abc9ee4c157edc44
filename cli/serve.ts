/** `mnist-lab`, `mnist-lab train` and `mnist-lab predict` without more: services until Ctrl+C. */
import { requireFolder } from "../service/process/folders.ts";
import { type Settings, StartupError } from "../service/process/settings.ts";
import type { ServiceName } from "../service/process/launch.ts";
import { banner, pageAddress, stopSignal } from "./lab_up.ts";
import { openBrowser } from "./open_browser.ts";
import { runServices } from "./services.ts";

/**
 * Serves until SIGINT or SIGTERM; opens the first service's page unless told not to.
 *
 * @throws {StartupError} when the models folder cannot be had, or a service cannot start or ends by itself
 */
export async function serve(services: readonly ServiceName[], settings: Settings, open: boolean): Promise<void> {
  const stop = stopSignal();
  await requireFolder(settings.modelsDir, "MODELS_DIR");
  console.log(`Models are kept in ${settings.modelsDir}`);
  const reason = await runServices(services, settings, stop, () => {
    console.log(banner(services, settings));
    if (open) openBrowser(pageAddress(services[0], settings));
  });
  if (reason !== undefined) throw new StartupError(reason);
}
