import { type Context, Hono, type MiddlewareHandler } from "hono";
import { serveStatic } from "hono/serve-static";
import { basename, join } from "node:path";
import { MAX_URL_LENGTH, quote } from "../../protocol/mod.ts";
import { COMMON_OPERATIONS } from "../api/common_operations.ts";
import { describeApi, type Operation } from "../api/openapi.ts";
import { publicUrl, serviceUrl } from "../process/addresses.ts";
import type { ServiceName } from "../process/launch.ts";
import { type Log, log as serviceLog, type LogLevel } from "../process/log.ts";
import type { Settings } from "../process/settings.ts";
import { checkToken } from "./check_token.ts";
import { answerErrors, HttpError, pathRedactor } from "./errors.ts";
import { type HealthOptions, readHealth } from "./health.ts";
import { checkHost, checkOrigin, securityHeaders } from "./security.ts";
import { acceptsGzip, compressed } from "./server/response.ts";

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
  app.notFound((c) => {
    const method = c.req.method === "HEAD" ? "GET" : c.req.method;
    return c.json({ error: `There is nothing at ${method} ${quote(c.req.path)}.` }, 404);
  });
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

/** One file name: no separators, no leading dot, not longer than file systems take. */
const ASSET_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Adds `GET /` (the page `${uiDir}/${page}.html` with addresses filled in), `GET /docs` (`docs.html`, likewise)
 * and `GET /assets/<name>`, gzipped for clients that accept it. The bundler puts a hash of the content into an asset's
 * name, so browsers may keep it for ever.
 */
function addPages(app: Hono, settings: Settings, page: ServiceName) {
  const servePage = (name: string) => async (c: Context) => {
    const html = await readOptional(join(settings.uiDir, `${name}.html`));
    if (html === undefined) throw new HttpError(503, "The pages are not built yet. Run: deno task build");
    const filled = new TextDecoder().decode(html)
      .replaceAll("{{TRAINING_URL}}", serviceUrl(c.req.raw, settings, "training"))
      .replaceAll("{{INFERENCE_URL}}", serviceUrl(c.req.raw, settings, "inference"))
      // A page knows its own scheme and host better than a service behind a proxy.
      .replaceAll("{{TRAINING_PAGE}}", publicUrl(settings, "training") ?? String(settings.trainingPort))
      .replaceAll("{{INFERENCE_PAGE}}", publicUrl(settings, "inference") ?? String(settings.inferencePort));
    return c.html(filled, 200, { "Cache-Control": "no-cache" });
  };
  app.get("/", servePage(page));
  app.get("/docs", servePage("docs"));

  app.get(
    "/assets/:name",
    serveStatic({
      root: settings.uiDir,
      join,
      precompressed: true,
      getContent: async (path) => ASSET_NAME.test(basename(path)) && await readOptional(path) || null,
      onFound(_path, c) {
        c.header("Cache-Control", "public, max-age=31536000, immutable");
        c.header("Vary", "Accept-Encoding");
      },
      onNotFound(_path, c) {
        throw new HttpError(404, `There is no asset ${quote(c.req.param("name")!)}.`);
      },
    }),
  );
}

async function readOptional(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) return undefined;
    throw error;
  }
}
