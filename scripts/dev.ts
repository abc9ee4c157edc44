/** `deno task dev`: fetches the dataset, builds the pages and runs both services until Ctrl+C. */
import { setTimeout as delay } from "node:timers/promises";
import { runMain } from "../service/serve.ts";
import { isEveryAddress, readSettings, type Settings } from "../service/settings.ts";
import { requireFreePorts } from "./lib/ports.ts";
import { prepare } from "./lib/prepare.ts";
import { localUrl, serviceCommand } from "./lib/service_command.ts";
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
  const up = await Promise.all([train, draw].map((url) => answers(url, settings.token, ended.signal)));
  if (up.every(Boolean)) console.log(banner(train, draw, settings));
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
async function answers(url: string, token: string | undefined, ended: AbortSignal): Promise<boolean> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  while (!ended.aborted) {
    try {
      const response = await fetch(`${url}/healthz`, { headers, signal: ended });
      await response.body?.cancel();
      if (response.ok) return true;
    } catch {
      // Not listening yet.
    }
    await delay(POLL_MS);
  }
  return false;
}

function banner(train: string, draw: string, { host, token, trainingPort }: Settings): string {
  const visit = token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
  const elsewhere = `http://ADDRESS:${trainingPort}/${visit}, ADDRESS being this machine's in its network`;
  return [
    "",
    "  MNIST Lab is running.",
    "",
    `    Train a model   ${train}/${visit}`,
    `    Draw a digit    ${draw}/${visit}`,
    ...(isEveryAddress(host) ? ["", `    From other machines: ${elsewhere}`] : []),
    "",
    "  Ctrl+C ends it.",
    "",
  ].join("\n");
}

await runMain(main);
