/** `deno task dev`: fetches the dataset, builds the pages and runs both services until Ctrl+C. */
import { setTimeout as delay } from "node:timers/promises";
import { runMain } from "../service/serve.ts";
import { readSettings } from "../service/settings.ts";
import { localUrl } from "../service/url_host.ts";
import { requireFreePorts } from "./lib/ports.ts";
import { prepare } from "./lib/prepare.ts";
import { serviceCommand } from "./lib/service_command.ts";
import { supervise } from "./lib/supervise.ts";

const POLL_MS = 50;

async function main() {
  const settings = readSettings();
  requireFreePorts(settings);
  await prepare(settings, console.log);

  const ended = new AbortController();
  const running = supervise([
    { name: "training service", command: serviceCommand("training", settings) },
    { name: "inference service", command: serviceCommand("inference", settings) },
  ], stopSignal()).finally(() => ended.abort());

  const train = localUrl(settings, settings.trainingPort);
  const draw = localUrl(settings, settings.inferencePort);
  const up = await Promise.all([answers(train, ended.signal), answers(draw, ended.signal)]);
  if (up.every(Boolean)) console.log(banner(train, draw));
  Deno.exit(await running);
}

/** Aborted by the first SIGINT or SIGTERM; further ones do nothing, as Ctrl+C also reaches the services themselves. */
function stopSignal(): AbortSignal {
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
      if (response.ok) return true;
    } catch {
      // Not listening yet.
    }
    await delay(POLL_MS);
  }
  return false;
}

function banner(train: string, draw: string): string {
  return [
    "",
    "  MNIST Lab is running.",
    "",
    `    Train a model   ${train}/`,
    `    Draw a digit    ${draw}/`,
    "",
    "  Ctrl+C ends it.",
    "",
  ].join("\n");
}

await runMain(main);
