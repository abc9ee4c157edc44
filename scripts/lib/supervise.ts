/** Supervises processes that start and end together, and the ports on which they listen. */
import { setTimeout as delay } from "node:timers/promises";
import { type Settings, StartupError } from "../../service/process/settings.ts";

/** How long, in ms, a process may take to end after SIGTERM before it is killed. */
const GRACE_MS = 2000;

/** A supervised process. */
export interface Part {
  /** As it appears in messages, such as `training service`. */
  name: string;
  command: Deno.Command;
}

/**
 * Runs `parts` until `stop` is aborted or one of them ends; then the others are asked to end, and killed after 2 s.
 *
 * @returns the exit code: 0 after `stop`, else that of the part which ended first
 */
export async function supervise(parts: readonly Part[], stop: AbortSignal): Promise<number> {
  const children = parts.map(({ name, command }) => ({ name, process: command.spawn() }));
  const firstEnd = Promise.race(
    children.map(async ({ name, process }) => ({ name, code: (await process.status).code })),
  );
  const ended = await Promise.race([firstEnd, aborted(stop)]);
  if (ended !== undefined) console.error(`The ${ended.name} ended with exit code ${ended.code}.`);

  for (const { process } of children) send(process, "SIGTERM");
  const deadline = setTimeout(() => children.forEach(({ process }) => send(process, "SIGKILL")), GRACE_MS);
  await Promise.all(children.map(({ process }) => process.status));
  clearTimeout(deadline);
  return ended?.code ?? 0;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Does nothing to a process that has ended. */
function send(process: Deno.ChildProcess, signal: Deno.Signal) {
  try {
    process.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

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
