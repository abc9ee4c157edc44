/** What both services' apps begin with: safety, the page, health and errors. */
import { Hono } from "hono";
import { answerError, HttpError } from "./errors.ts";
import { type HealthOptions, readHealth } from "./health.ts";
import { addPages } from "./pages.ts";
import { logRequests } from "./request_log.ts";
import { checkHost, checkOrigin, securityHeaders } from "./security.ts";
import type { Settings } from "./settings.ts";

export { HttpError };

/**
 * An app with security headers, checks of Host and Origin, errors as `{"error": …}`, `GET /` (the page), `/assets/*`
 * and `GET /healthz`: 200 when every check of `health` holds, else 503. Add the service's own routes to it.
 */
export function createServiceApp(
  settings: Settings,
  page: "training" | "inference",
  health: HealthOptions = {},
): Hono {
  const app = new Hono();
  app.use(logRequests(), securityHeaders(), checkHost(settings), checkOrigin());
  app.onError(answerError);
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${c.req.path}.` }, 404));
  app.get("/healthz", async (c) => {
    const report = await readHealth(health, settings);
    return c.json(report, report.status === "ok" ? 200 : 503);
  });
  addPages(app, settings, page);
  return app;
}

/** The address of the service on `port`, under the host name by which `request` asked: `http://<name>:<port>`. */
export function serviceUrl(request: Request, port: number): string {
  return `http://${new URL(request.url).hostname}:${port}`;
}
