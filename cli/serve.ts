/**
 * Runs one service or both until Ctrl+C: `mnist-lab` and `mnist-lab serve`.
 */
import { requireFolder } from "../service/process/folders.ts";
import { type Settings, StartupError } from "../service/process/settings.ts";
import { type ServiceName, servicePermissions } from "../service/process/launch.ts";
import { printLine } from "../service/process/output.ts";
import type { FromServiceWorker, ToServiceWorker } from "./service_worker.ts";
import { isEveryAddress, localUrl } from "../service/process/addresses.ts";

/**
 * Serves until SIGINT or SIGTERM; opens the first service's page unless told otherwise.
 *
 * @throws {StartupError} when the models folder cannot be used, or a service cannot start or ends early
 */
export async function serve(services: readonly ServiceName[], settings: Settings, open: boolean): Promise<void> {
  const stop = stopSignal();
  await requireFolder(settings.modelsDir, "MODELS_DIR");
  printLine(`Models are kept in ${settings.modelsDir}`);
  const reason = await runServices(services, settings, stop, () => {
    printLine(banner(services, settings));
    if (open) openBrowser(pageAddress(services[0], settings));
  });
  if (reason !== undefined) throw new StartupError(reason);
}

/** How long the services may take to end, in ms. Then the process ends in any case. */
const GRACE_MS = 1500;

/**
 * Runs `services`, each in a thread with only the permissions it needs, until `stop` is aborted or one of them ends
 * early. The threads are not closed; they end with the process.
 *
 * @param onListen called once all of them listen
 * @returns why a service ended early, as a message; undefined after `stop`
 */
async function runServices(
  services: readonly ServiceName[],
  settings: Settings,
  stop: AbortSignal,
  onListen: () => void,
): Promise<string | undefined> {
  const threads = services.map((service) => startService(service, settings));
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener("abort", () => resolve(undefined));
  });
  Promise.all(threads.map(({ listening }) => listening)).then(() => stop.aborted || onListen());
  const reason = await Promise.race([stopped, ...threads.map(({ failed }) => failed)]);
  const grace = new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, GRACE_MS)));
  for (const { worker } of threads) worker.postMessage({ type: "stop" } satisfies ToServiceWorker);
  await Promise.race([Promise.all(threads.map(({ ended }) => ended)), grace]);
  return reason;
}

function startService(service: ServiceName, settings: Settings) {
  const worker = new Worker(new URL("./service_worker.ts", import.meta.url), {
    type: "module",
    name: service,
    deno: { permissions: servicePermissions(service, settings) },
  });
  const { promise: listening, resolve: listen } = Promise.withResolvers<void>();
  const { promise: failed, resolve: fail } = Promise.withResolvers<string>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromServiceWorker>) => {
    if (data.type === "listening") return listen();
    if (data.type === "failed") fail(data.message);
    end();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(`The ${service} service broke down: ${event.message}`);
    end();
  };
  worker.postMessage({ type: "serve", service, settings } satisfies ToServiceWorker);
  return { worker, listening, failed, ended };
}

const TITLES: Readonly<Record<ServiceName, string>> = { training: "Train a model", inference: "Draw a digit " };

/** The address of a service's page on this machine, with the token that a first visit needs. */
export function pageAddress(service: ServiceName, settings: Settings): string {
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  return `${localUrl(settings, port)}/${visit(settings)}`;
}

/**
 * The text that the terminal shows once the services listen.
 *
 * @param addresses this machine's addresses, requested only if other machines can reach the lab
 */
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

/** All addresses, because any of them may be the reachable one, but only of one page, because it links to the other. */
function fromElsewhere([service]: readonly ServiceName[], settings: Settings, addresses: readonly string[]): string[] {
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  const pages = (addresses.length === 0 ? ["ADDRESS"] : addresses)
    .map((address) => `http://${address}:${port}/${visit(settings)}`);
  return addresses.length === 0 ? [...pages, "ADDRESS is this machine's in its network."] : pages;
}

function visit({ token }: Settings): string {
  return token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
}

/**
 * A signal that the first SIGINT or SIGTERM aborts. Later signals do nothing, because Ctrl+C reaches the whole process
 * group.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}

type Interface = Pick<Deno.NetworkInterfaceInfo, "family" | "address">;

/**
 * The IPv4 addresses of this machine, which are short enough for a blackboard. Other machines may not be able to reach
 * some of them, such as those of virtual networks. Empty if the system does not tell.
 */
export function networkAddresses(list: () => Interface[] = () => Deno.networkInterfaces()): string[] {
  try {
    return list().filter(({ family, address }) => family === "IPv4" && !/^(127|169\.254)\./.test(address))
      .map(({ address }) => address);
  } catch {
    return [];
  }
}

/** The programs that open an address, by platform. The lab may not start any others. */
export const OPENERS = { linux: "xdg-open", darwin: "open", windows: "explorer" } as const;

/** Asks the desktop to show `url`. Without a desktop nothing happens; the address is printed anyway. */
function openBrowser(url: string): void {
  const program = OPENERS[Deno.build.os as keyof typeof OPENERS];
  if (program === undefined) return;
  try {
    const child = new Deno.Command(program, { args: [url], stdin: "null", stdout: "null", stderr: "null" }).spawn();
    child.unref();
    child.status.catch(() => {});
  } catch {
    // No such program.
  }
}
