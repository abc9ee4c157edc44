/** Both services, or one, in threads of this process: each may do what it needs and nothing else. */
import { type ServiceName, servicePermissions } from "../service/process/launch.ts";
import type { Settings } from "../service/process/settings.ts";
import type { FromServiceWorker, ToServiceWorker } from "./service_worker.ts";

/** The services end within this after they are asked to; then the process ends whatever they do. */
const GRACE_MS = 1500;

/**
 * Runs `services` until `stop` is aborted or one of them ends by itself. Their threads are left: the end of the process ends
 * them.
 *
 * @param onListen called once all of them listen
 * @returns why one ended by itself, in words; undefined after `stop`
 */
export async function runServices(
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
    deno: { permissions: { ...servicePermissions(service, settings) } },
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
