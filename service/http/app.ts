import { Hono, type MiddlewareHandler } from "hono";
import { type Log, log as serviceLog, type LogLevel } from "../process/log.ts";
import { MAX_URL_LENGTH, quote } from "../../protocol/mod.ts";
import { COMMON_OPERATIONS } from "../api/common_operations.ts";
import { describeApi } from "../api/openapi.ts";
import type { Operation } from "../api/operation.ts";
import { checkToken } from "../access/check_token.ts";
import { answerErrors, HttpError, pathRedactor } from "./errors.ts";
import { type HealthOptions, readHealth } from "../process/health.ts";
import { acceptsGzip, compressed } from "./server/response.ts";
import { addPages } from "./pages.ts";
import { checkHost, checkOrigin, securityHeaders } from "../access/security.ts";
import type { ServiceName } from "../process/launch.ts";
import { publicUrl } from "../process/addresses.ts";
import type { Settings } from "../process/settings.ts";

/**
 * Creates the common part of both services' apps: security headers, checks of Host, Origin and token, errors as
 * `{"error": …}`, `GET /` (the page), `/assets/*`, `GET /healthz` (200 when every check passes, else 503), and `GET
 * /docs` and `GET /openapi.json`, which describe these routes, those of `addModelRoutes` and `addDigitRoutes`, and
 * `operations`.
 */
export function createServiceApp(
  settings: Settings,
  page: ServiceName,
  health: HealthOptions = {},
  operations: readonly Operation[] = [],
): Hono {
  const app = new Hono();
  app.use(
    logRequests(),
    tellLength,
    securityHeaders(),
    checkUrl,
    checkHost(settings),
    checkOrigin(publicUrl(settings, page)),
    checkToken(settings),
  );
  app.use("/api/*", forgetAnswers);
  app.onError(answerErrors(pathRedactor(settings)));
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${quote(c.req.path)}.` }, 404));
  app.get("/healthz", async (c) => {
    const report = await readHealth(health, settings);
    return c.json(report, report.status === "ok" ? 200 : 503);
  });
  addPages(app, settings, page);
  const info = { title: `MNIST Lab, ${page} service`, hasToken: settings.token !== undefined };
  let description: string | undefined;
  app.get("/openapi.json", (c) => {
    description ??= JSON.stringify(describeApi([...operations, ...COMMON_OPERATIONS], info));
    return c.body(description, 200, { "Content-Type": "application/json" });
  });
  return app;
}

const checkUrl: MiddlewareHandler = async (c, next) => {
  if (c.req.url.length > MAX_URL_LENGTH) {
    throw new HttpError(414, `The address is too long: at most ${MAX_URL_LENGTH} characters are taken.`);
  }
  await next();
};

/** Answers HEAD with the length that GET would send. Answers of known length are not made for it. */
const tellLength: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.req.method !== "HEAD") return;
  const { headers } = c.res;
  if (headers.has("content-length")) return await c.res.body?.cancel();
  const body = await compressed(await c.res.bytes(), headers, acceptsGzip(c.req.header("accept-encoding")));
  headers.set("Content-Length", `${body.length}`);
};

/** What the lab has changes at any time: without this, Back shows lists as the browser's cache remembers them. */
const forgetAnswers: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
};

/** Frequent and automatic requests, which are logged at `debug`, so that at `info` the log shows what people did. */
const QUIET = /^\/(?:assets\/|healthz$|predict$|api\/)/;

/** Logs a line for each request: method, path, status and milliseconds, but not the client. */
export function logRequests(log: Log = serviceLog): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    const level: LogLevel = QUIET.test(path) && (method === "GET" || path === "/predict") ? "debug" : "info";
    // There are many predictions a second, so not even the clock is read for a line that is not logged.
    const began = log.enabled(level) ? performance.now() : undefined;
    await next();
    const { status } = c.res;
    const told = status >= 500 ? "warn" : level;
    if (!log.enabled(told)) return;
    const ms = began === undefined ? undefined : Math.round((performance.now() - began) * 10) / 10;
    log.line(told, "request", { method, path, status, ms });
  };
}
