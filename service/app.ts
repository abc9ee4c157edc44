/** What both services' apps begin with: safety, the page, health and errors. */
import { Hono, type MiddlewareHandler } from "hono";
import { MAX_URL_LENGTH, quote } from "../protocol/mod.ts";
import { COMMON_OPERATIONS } from "./api/common_operations.ts";
import { describeApi } from "./api/openapi.ts";
import type { Operation } from "./api/operation.ts";
import { checkToken } from "./access/check_token.ts";
import { answerErrors, HttpError } from "./errors.ts";
import { type HealthOptions, readHealth } from "./health.ts";
import { addPages } from "./pages.ts";
import { logRequests } from "./request_log.ts";
import { checkHost, checkOrigin, securityHeaders } from "./security.ts";
import type { Settings } from "./settings.ts";
import { pathRedactor } from "./redact_paths.ts";

export { serviceUrl } from "./service_url.ts";
export { HttpError };

/**
 * An app with security headers, checks of Host, Origin and token, errors as `{"error": …}`, `GET /` (the page), `/assets/*`,
 * `GET /healthz` (200 when every check of `health` holds, else 503), `GET /docs` and `GET /openapi.json`, which describe them
 * and the service's own `operations`. Add the service's own routes to it, and `addModelRoutes`, which count as known.
 */
export function createServiceApp(
  settings: Settings,
  page: "training" | "inference",
  health: HealthOptions = {},
  operations: readonly Operation[] = [],
): Hono {
  const app = new Hono();
  app.use(
    logRequests(),
    securityHeaders(),
    checkUrl,
    checkHost(settings),
    checkOrigin(),
    checkToken(settings),
  );
  app.onError(answerErrors(pathRedactor(settings)));
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${quote(c.req.path)}.` }, 404));
  app.get("/healthz", async (c) => {
    const report = await readHealth(health, settings);
    return c.json(report, report.status === "ok" ? 200 : 503);
  });
  addPages(app, settings, page);
  const info = { title: `MNIST Lab, ${page} service`, hasToken: settings.token !== undefined };
  let description: object | undefined;
  app.get("/openapi.json", (c) => c.json(description ??= describeApi([...operations, ...COMMON_OPERATIONS], info)));
  return app;
}

const checkUrl: MiddlewareHandler = async (c, next) => {
  if (c.req.url.length > MAX_URL_LENGTH) {
    throw new HttpError(414, `The address is too long: at most ${MAX_URL_LENGTH} characters are taken.`);
  }
  await next();
};
