/** One line for each request: who asked is not in it, nor what for beyond the path. */
import type { MiddlewareHandler } from "hono";
import { type Log, log as serviceLog, type LogLevel } from "./log.ts";

/**
 * What asks often, or on its own: at `info` a log shows what people did. Predictions come many a second, so that even
 * their clock is read only where somebody listens.
 */
const QUIET = /^\/(?:assets\/|healthz$|predict$|api\/)/;

export function logRequests(log: Log = serviceLog): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    const level: LogLevel = QUIET.test(path) && (method === "GET" || path === "/predict") ? "debug" : "info";
    const began = log.enabled(level) ? performance.now() : undefined;
    await next();
    const { status } = c.res;
    const told = status >= 500 ? "warn" : level;
    if (!log.enabled(told)) return;
    const ms = began === undefined ? undefined : Math.round((performance.now() - began) * 10) / 10;
    log.line(told, "request", { method, path, status, ms });
  };
}
