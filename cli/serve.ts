/** `mnist-lab`, `mnist-lab train` and `mnist-lab predict` without more: services until Ctrl+C. */
import { setTimeout as delay } from "node:timers/promises";
import { requireFolder } from "../service/folders.ts";
import { type Settings, StartupError } from "../service/settings.ts";
import { localUrl } from "../service/url_host.ts";
import { openBrowser } from "./open_browser.ts";
import { runServices, type ServiceName } from "./services.ts";

const POLL_MS = 20;

const TITLES: Readonly<Record<ServiceName, string>> = { training: "Train a model", inference: "Draw a digit " };

/**
 * Serves until SIGINT or SIGTERM; opens the first service's page unless told not to.
 *
 * @throws {StartupError} when the models folder cannot be had, or a service cannot start or ends by itself
 */
export async function serve(services: readonly ServiceName[], settings: Settings, open: boolean): Promise<void> {
  const stop = stopSignal();
  await requireFolder(settings.modelsDir, "MODELS_DIR");
  console.log(`Models are kept in ${settings.modelsDir}`);
  const ended = new AbortController();
  const running = runServices(services, settings, stop).finally(() => ended.abort());
  const urls = services.map((name) =>
    localUrl(settings, name === "training" ? settings.trainingPort : settings.inferencePort)
  );
  const up = await Promise.all(urls.map((url) => answers(url, ended.signal)));
  if (up.every(Boolean)) {
    console.log(banner(services.map((name, i) => `${TITLES[name]}   ${urls[i]}/`)));
    if (open) openBrowser(`${urls[0]}/`);
  }
  const reason = await running;
  if (reason !== undefined) throw new StartupError(reason);
}

function banner(lines: readonly string[]): string {
  return ["", "  MNIST Lab is running.", "", ...lines.map((line) => `    ${line}`), "", "  Ctrl+C ends it.", ""].join(
    "\n",
  );
}

/** Aborted by the first SIGINT or SIGTERM. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}

/** Waits until a service answers at `url`; false when `ended` comes first. */
async function answers(url: string, ended: AbortSignal): Promise<boolean> {
  while (!ended.aborted) {
    try {
      const response = await fetch(`${url}/healthz`, { signal: ended });
      await response.body?.cancel();
      return true;
    } catch {
      // Not listening yet.
    }
    await delay(POLL_MS);
  }
  return false;
}
