/** What keeps other web pages and other machines out: headers, and checks of Host and Origin. */
import type { Context, MiddlewareHandler } from "hono";
import { HttpError } from "./errors.ts";
import type { Settings } from "./settings.ts";
import { urlHost } from "./url_host.ts";

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Same-origin isolation gives the pages shared memory; the rest limits what a page can be made to do. */
const HEADERS: Record<string, string> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    // The answer to a WebSocket upgrade has to reach the server as it was made.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  };
}

/**
 * Answers only under names that are ours. Otherwise a page of any site could point a name of its own at this machine
 * (DNS rebinding) and read the answers as its own.
 */
export function checkHost(settings: Pick<Settings, "host" | "allowedHosts">): MiddlewareHandler {
  const allowed = new Set(["localhost", "127.0.0.1", "[::1]", urlHost(settings.host), ...settings.allowedHosts]);
  return async (c, next) => {
    const { hostname } = requestedUrl(c);
    if (!allowed.has(hostname)) {
      throw new HttpError(
        403,
        `This service does not answer under the name "${hostname}". Use localhost, or add the name to ALLOWED_HOSTS.`,
      );
    }
    await next();
  };
}

/** Refuses requests that change something, and sockets, when a page of another origin sends them. */
export function checkOrigin(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && needsOwnOrigin(c) && hostOf(origin) !== requestedUrl(c).host) {
      throw new HttpError(403, `Pages of ${origin} may not do this here.`);
    }
    await next();
  };
}

function needsOwnOrigin(c: Context): boolean {
  const reads = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS";
  return !reads || c.req.header("upgrade")?.toLowerCase() === "websocket";
}

/** The address as the client wrote it. The Host header rules: a request line may name another one. */
function requestedUrl(c: Context): URL {
  const host = c.req.header("host");
  const url = URL.parse(host === undefined ? c.req.url : `http://${host}`);
  if (url === null) throw new HttpError(400, "The Host header is not a host name.");
  return url;
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host || undefined;
}
