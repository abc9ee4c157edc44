/** Keeps other web pages and other machines out: security headers, checks of Host and Origin. */
import type { Context, MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { isIP } from "node:net";
import { quote } from "../../protocol/mod.ts";
import { isEveryAddress, urlHost } from "../process/addresses.ts";
import type { Settings } from "../process/settings.ts";
import { HttpError } from "./errors.ts";

/** Cross-origin isolation gives the pages shared memory; the rest limits what an attacker can make a page do. */
export function securityHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      // The curve of a run has its colours in an inline style.
      styleSrc: ["'self'", (c) => c.req.path.endsWith("/curve.svg") ? "'unsafe-inline'" : ""],
      imgSrc: ["'self'", "data:", "blob:"],
      connectSrc: ["'self'"],
      workerSrc: ["'self'", "blob:"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    crossOriginEmbedderPolicy: true,
    xFrameOptions: "DENY",
    // The services speak plain HTTP. A proxy that adds TLS may set this header.
    strictTransportSecurity: false,
  });
}

/**
 * Answers only requests for the service's own names. Otherwise any site could point its name at this machine (DNS
 * rebinding) and read the answers as its own. A request for a bare IP address cannot be such an attack, so a service
 * that listens on all addresses of its machine answers under any of them.
 */
export function checkHost(
  { host, allowedHosts, trainingUrl, inferenceUrl }: Pick<
    Settings,
    "host" | "allowedHosts" | "trainingUrl" | "inferenceUrl"
  >,
): MiddlewareHandler {
  const publicNames = [trainingUrl, inferenceUrl].flatMap((url) => url === undefined ? [] : new URL(url).hostname);
  const allowed = new Set(["localhost", "127.0.0.1", "[::1]", urlHost(host), ...allowedHosts, ...publicNames]);
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
 * Refuses requests from pages of other origins, including GET: such pages could not read the answer, but could keep the
 * service busy. Links from other sites work. Programs other than browsers send neither header. A proxy may change the
 * Host header: then the browser's own word counts (`Sec-Fetch-Site`, which no page can set), or the public address.
 *
 * @param publicUrl the service's own, if a setting says it
 */
export function checkOrigin(publicUrl?: string): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const isOwn = origin === undefined || origin === publicUrl || c.req.header("sec-fetch-site") === "same-origin" ||
      isOriginOf(origin, requestedUrl(c));
    if (!isOwn) {
      throw new HttpError(
        403,
        `Pages of ${quote(origin)} may not do this here. If that is this lab behind a proxy, set TRAINING_URL and ` +
          "INFERENCE_URL.",
      );
    }
    // If another site's page embeds a picture or a script, the request for it has no Origin.
    if (c.req.header("sec-fetch-site") === "cross-site" && c.req.header("sec-fetch-dest") !== "document") {
      throw new HttpError(403, "Pages of another site may not do this here.");
    }
    await next();
  };
}

/** Nearly all requests name the same host, and parsing a URL costs ten times as much as comparing it. */
let lastUrl: { text: string; url: URL } | undefined;

/** The URL that the client requested. The Host header decides, because a request line may name another host. */
function requestedUrl(c: Context): URL {
  const host = c.req.header("host");
  const text = host === undefined ? c.req.url : `${c.req.url.startsWith("https:") ? "https" : "http"}://${host}`;
  if (lastUrl?.text === text) return lastUrl.url;
  const url = URL.parse(text);
  if (url === null) throw new HttpError(400, "The Host header is not a host name.");
  lastUrl = { text, url };
  return url;
}

/** A proxy that ends TLS may keep the default port in the Host header, which an Origin leaves out. */
function isOriginOf(origin: string, { host, hostname, port }: URL): boolean {
  const url = URL.parse(origin);
  if (url === null || url.host === "") return false;
  return url.host === host ||
    url.protocol === "https:" && url.port === "" && url.hostname === hostname && port === "443";
}
