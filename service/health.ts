/** `GET /healthz`: whether a service can do its work now, and how it is. */
import { RegistryError } from "../lab/models/mod.ts";
import type { EventLoopDelay } from "./event_loop_delay.ts";
import { log } from "./log.ts";
import { StartupError } from "./settings.ts";
import { type Folders, pathRedactor } from "./redact_paths.ts";

/** Throws what keeps the service from its work; what it returns is worth telling all the same. */
export type HealthCheck = () => Promise<string | void> | string | void;

export interface HealthOptions {
  checks?: Readonly<Record<string, HealthCheck>>;
  /** What else there is to know, such as how many wait. */
  figures?(): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Of the thread that answers; left out where nobody measures. */
  delay?: EventLoopDelay;
}

export interface CheckResult {
  ok: boolean;
  message?: string;
}

export interface Health {
  status: "ok" | "not ready";
  checks: Record<string, CheckResult>;
  [figure: string]: unknown;
}

/** Every check is made each time: an answer from before would hide that a disk is gone. */
export async function readHealth(
  { checks = {}, figures = () => ({}), delay }: HealthOptions,
  folders: Folders,
): Promise<Health> {
  const redactPaths = pathRedactor(folders);
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await run(name, check, redactPaths)] as const),
  );
  const isReady = results.every(([, { ok }]) => ok);
  return {
    status: isReady ? "ok" : "not ready",
    checks: Object.fromEntries(results),
    uptime_seconds: Math.round(performance.now() / 1000),
    memory_bytes: Deno.memoryUsage().rss,
    ...(delay && { event_loop_delay_ms: delay.figures }),
    ...(isReady ? await figures() : {}),
  };
}

async function run(name: string, check: HealthCheck, redactPaths: (text: string) => string): Promise<CheckResult> {
  try {
    const message = await check();
    return message === undefined ? { ok: true } : { ok: true, message: redactPaths(message) };
  } catch (error) {
    if (error instanceof RegistryError || error instanceof StartupError) {
      return { ok: false, message: redactPaths(error.message) };
    }
    log.error("a health check failed", { check: name }, error);
    return { ok: false, message: "the service's log has the details" };
  }
}
