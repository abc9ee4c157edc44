/** Checks that ports are free before a start and open after it. */
import { setTimeout as delay } from "node:timers/promises";
import { type Settings, StartupError } from "../../service/process/settings.ts";

/** Time between two attempts to connect, in ms. */
const POLL_MS = 20;

/**
 * Checks that both ports are free, before anything slow begins.
 *
 * @throws {StartupError} naming the port and its variable when another program holds it
 */
export function requireFreePorts({ host, trainingPort, inferencePort }: Settings): void {
  for (const [variable, port] of [["TRAINING_PORT", trainingPort], ["INFERENCE_PORT", inferencePort]] as const) {
    try {
      Deno.listen({ hostname: host, port }).close();
    } catch (error) {
      // The service itself explains any other problem with the address better.
      if (!(error instanceof Deno.errors.AddrInUse)) continue;
      throw new StartupError(
        `Port ${port} is in use; stop the program that holds it (is the lab running already?), or set ${variable} to a free port`,
      );
    }
  }
}

/** Waits until something listens at each of `urls`; false if `ended` is aborted first. Sends no request. */
export async function waitUntilListening(urls: readonly string[], ended: AbortSignal): Promise<boolean> {
  const listens = await Promise.all(urls.map((url) => waitFor(new URL(url), ended)));
  return listens.every(Boolean);
}

async function waitFor({ hostname, port }: URL, ended: AbortSignal): Promise<boolean> {
  const address = { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 80) };
  while (!ended.aborted) {
    try {
      (await Deno.connect(address)).close();
      return true;
    } catch {
      await delay(POLL_MS);
    }
  }
  return false;
}
