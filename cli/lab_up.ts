/** What whoever starts the lab does besides: say where its services are, end them. */
import { isEveryAddress, localUrl } from "../service/process/addresses.ts";
import type { ServiceName } from "../service/process/launch.ts";
import type { Settings } from "../service/process/settings.ts";
import { networkAddresses } from "./network_addresses.ts";

const TITLES: Readonly<Record<ServiceName, string>> = { training: "Train a model", inference: "Draw a digit " };

/** The address of a service's page as this machine reaches it; a first visit needs the token. */
export function pageAddress(service: ServiceName, settings: Settings): string {
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  return `${localUrl(settings, port)}/${visit(settings)}`;
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
