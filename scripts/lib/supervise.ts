/** Supervises processes that start and end together. */

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
