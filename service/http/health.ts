import { RegistryError } from "../../lab/models/mod.ts";
import { log } from "../process/log.ts";
import { StartupError } from "../process/settings.ts";
import { wasmChecks } from "../process/wasm_checks.ts";
import { type Folders, pathRedactor } from "./errors.ts";
import { ListenerError, type ListenerState } from "./server/listener_state.ts";

/** Throws if the service cannot work; returns a message if it can but something is worth knowing. */
export type HealthCheck = () => Promise<string | void> | string | void;

/** What a service's `/healthz` reports on. */
export interface HealthOptions {
  checks?: Readonly<Record<string, HealthCheck>>;
  /** More figures, such as the length of the queue. */
  figures?(): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Event-loop delay of the thread that answers, if measured. */
  delay?: EventLoopDelay;
  /** Whether the same thread can accept connections. */
  listener?: Pick<ListenerState, "describe" | "connections">;
}

/** The outcome of one check. */
export interface CheckResult {
  ok: boolean;
  message?: string;
}

/** The answer of `GET /healthz`. */
export interface Health {
  status: "ok" | "not ready";
  checks: Record<string, CheckResult>;
  [figure: string]: unknown;
}

/** Runs every check again each time, because an earlier result could hide that a disk is gone. */
export async function readHealth(
  { checks = {}, figures = () => ({}), delay, listener }: HealthOptions,
  folders: Folders,
): Promise<Health> {
  const redactPaths = pathRedactor(folders);
  const results = await Promise.all(
    Object.entries(listener ? { ...checks, listener: () => listener.describe() } : checks).map(async ([name, check]) =>
      [name, await run(name, check, redactPaths)] as const
    ),
  );
  const isReady = results.every(([, { ok }]) => ok);
  return {
    status: isReady ? "ok" : "not ready",
    checks: Object.fromEntries(results),
    uptime_seconds: Math.round(performance.now() / 1000),
    wasm_checks: wasmChecks,
    memory_bytes: Deno.memoryUsage().rss,
    ...(listener && { connections: listener.connections }),
    ...(delay && { event_loop_delay_ms: delay.figures }),
    ...(isReady ? await figures() : {}),
  };
}

async function run(name: string, check: HealthCheck, redactPaths: (text: string) => string): Promise<CheckResult> {
  try {
    const message = await check();
    return message === undefined ? { ok: true } : { ok: true, message: redactPaths(message) };
  } catch (error) {
    if (error instanceof RegistryError || error instanceof StartupError || error instanceof ListenerError) {
      return { ok: false, message: redactPaths(error.message) };
    }
    log.error("a health check failed", { check: name }, error);
    return { ok: false, message: "the service's log has the details" };
  }
}

const INTERVAL_MS = 20;
/** Keeps the delays of one minute. */
const SAMPLES = 60_000 / INTERVAL_MS;

/** Delays of the last minute, in milliseconds. */
export interface DelayFigures {
  p50: number;
  p99: number;
  max: number;
}

/** Measures, fifty times a second, how late a timer fires: as long as a request has to wait for this thread. */
export class EventLoopDelay {
  readonly #delays = new Float64Array(SAMPLES);
  #count = 0;
  #dueAt: number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #now: () => number;

  /** @param now a clock in milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#dueAt = now() + INTERVAL_MS;
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Median, 99th percentile and maximum. */
  get figures(): DelayFigures {
    const sorted = this.#delays.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  /** Stops measuring. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look() {
    const now = this.#now();
    // A timer may fire a little early.
    this.#delays[this.#count++ % SAMPLES] = Math.max(0, now - this.#dueAt);
    this.#dueAt = now + INTERVAL_MS;
  }
}
