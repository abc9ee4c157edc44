/** What whoever starts the lab does besides: wait for its services, say where they are, end them. */
import { setTimeout as delay } from "node:timers/promises";
import { isEveryAddress, type Settings } from "../service/settings.ts";
import { localUrl } from "../service/url_host.ts";
import { networkAddresses } from "./network_addresses.ts";

export type ServiceName = "training" | "inference";

const POLL_MS = 20;

const TITLES: Readonly<Record<ServiceName, string>> = { training: "Train a model", inference: "Draw a digit " };

/** The address of a service as this machine reaches it. */
export function serviceAddress(service: ServiceName, settings: Settings): string {
  return localUrl(settings, service === "training" ? settings.trainingPort : settings.inferencePort);
}

/** The address of its page; a first visit needs the token. */
export function pageAddress(service: ServiceName, settings: Settings): string {
  return `${serviceAddress(service, settings)}/${visit(settings)}`;
}

/** Waits until all answer; false when `ended` comes first. */
export async function allAnswer(
  services: readonly ServiceName[],
  settings: Settings,
  ended: AbortSignal,
): Promise<boolean> {
  const up = await Promise.all(services.map((service) => answers(serviceAddress(service, settings), settings, ended)));
  return up.every(Boolean);
}

async function answers(url: string, { token }: Settings, ended: AbortSignal): Promise<boolean> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  while (!ended.aborted) {
    try {
      const response = await fetch(`${url}/healthz`, { headers, signal: ended });
      await response.body?.cancel();
      // One that lacks something is there all the same, and says what it is.
      if (response.ok || response.status === 503) return true;
    } catch {
      // Not listening yet.
    }
    await delay(POLL_MS);
  }
  return false;
}

export function banner(
  services: readonly ServiceName[],
  settings: Settings,
  addresses: () => string[] = networkAddresses,
): string {
  return [
    "",
    "  MNIST Lab is running.",
    "",
    ...services.map((service) => `    ${TITLES[service]}   ${pageAddress(service, settings)}`),
    ...(isEveryAddress(settings.host)
      ? [
        "",
        "  From other machines:",
        "",
        ...fromElsewhere(services, settings, addresses()).map((line) => `    ${line}`),
      ]
      : []),
    "",
    "  Ctrl+C ends it.",
    "",
  ].join("\n");
}

/** Each address may be the one that they can reach; both pages lead to each other, so one is told. */
function fromElsewhere([service]: readonly ServiceName[], settings: Settings, addresses: readonly string[]): string[] {
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  const pages = (addresses.length === 0 ? ["ADDRESS"] : addresses)
    .map((address) => `http://${address}:${port}/${visit(settings)}`);
  return addresses.length === 0 ? [...pages, "ADDRESS is this machine's in its network."] : pages;
}

function visit({ token }: Settings): string {
  return token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
}

/** Aborted by the first SIGINT or SIGTERM; further ones do nothing, as Ctrl+C also reaches a group's other processes. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}
