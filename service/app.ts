/** What both services' apps begin with: safety, the page, health and errors. */
import { Hono } from "hono";
import { answerError, HttpError } from "./errors.ts";
import { addPages } from "./pages.ts";
import { checkHost, checkOrigin, securityHeaders } from "./security.ts";
import type { Settings } from "./settings.ts";

export { serviceUrl } from "./service_url.ts";
export { HttpError };

type Health = Record<string, unknown>;

/**
 * An app with security headers, checks of Host and Origin, errors as `{"error": …}`, `GET /` (the page), `/assets/*`
 * and `GET /healthz`, which answers `{"status": "ok", ...health()}`. Add the service's own routes to it.
 */
export function createServiceApp(
  settings: Settings,
  page: "training" | "inference",
  health: () => Promise<Health> | Health,
): Hono {
  const app = new Hono();
  app.use(securityHeaders(), checkHost(settings), checkOrigin());
  app.onError(answerError);
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${c.req.path}.` }, 404));
  app.get("/healthz", async (c) => c.json({ status: "ok", ...await health() }));
  addPages(app, settings, page);
  return app;
}
