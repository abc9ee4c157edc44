/** What keeps other web pages and other machines out: headers, and checks of Host and Origin. */
import { isIP } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { HttpError } from "./errors.ts";
import { isEveryAddress, type Settings } from "./settings.ts";
import { quote } from "../protocol/mod.ts";
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
    for (const [name, value] of Object.entries(HEADERS)) {
      // An answer may have a stricter policy of its own.
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}

/**
 * Answers only under names that are ours. Otherwise a page of any site could point a name of its own at this machine
 * (DNS rebinding) and read the answers as its own. No name can be pointed at a bare address, so a service that listens on all
 * addresses of its machine, which it does not know, answers under any.
 */
export function checkHost({ host, allowedHosts }: Pick<Settings, "host" | "allowedHosts">): MiddlewareHandler {
  const allowed = new Set(["localhost", "127.0.0.1", "[::1]", urlHost(host), ...allowedHosts]);
  const takesAddresses = isEveryAddress(host);
  return async (c, next) => {
    const { hostname } = requestedUrl(c);
    if (!allowed.has(hostname) && !(takesAddresses && isIP(hostname.replace(/^\[|\]$/g, "")) !== 0)) {
      throw new HttpError(
        403,
        `This service does not answer under the name ${
          quote(hostname)
        }. Use localhost, or add the name to ALLOWED_HOSTS.`,
      );
    }
    await next();
  };
}

/**
 * Refuses what pages of other origins send, reading requests too: they could not read the answer, but keep the service busy.
 * Links from elsewhere lead here all the same. Programs send neither header.
 */
export function checkOrigin(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && hostOf(origin) !== requestedUrl(c).host) {
      throw new HttpError(403, `Pages of ${quote(origin)} may not do this here.`);
    }
    // A picture or a script that another site's page embeds has no Origin.
    if (c.req.header("sec-fetch-site") === "cross-site" && c.req.header("sec-fetch-dest") !== "document") {
      throw new HttpError(403, "Pages of another site may not do this here.");
    }
    await next();
  };
}

/** Nearly all requests name the same host, and taking an address apart costs ten times as much as comparing it. */
let lastUrl: { text: string; url: URL } | undefined;

/** The address as the client wrote it. The Host header rules: a request line may name another one. */
function requestedUrl(c: Context): URL {
  const host = c.req.header("host");
  const text = host === undefined ? c.req.url : `http://${host}`;
  if (lastUrl?.text === text) return lastUrl.url;
  const url = URL.parse(text);
  if (url === null) throw new HttpError(400, "The Host header is not a host name.");
  lastUrl = { text, url };
  return url;
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host || undefined;
}
